"""How well the values of one tensor agree over many batches, kept as figures and not as values."""

from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from .moments import Moments, spread_of

# Root mean square of the differences of a float within one item, in units of its spread over the inputs. Measured on a
# detector of 90 convolutions: 2e-7 to 2e-6 between TensorFlow and onnxruntime, since sums are added up in other orders;
# up to 7e-6 where the picture is resized first, since places between pixels are rounded otherwise. A swapped weight
# makes 1e-3 and more.
TOLERANCE = 1e-4
# The largest difference may be so many times that: on resized photographs it was up to 2.4e-4 of the spread.
PEAK = 20
# Tolerated on top, relative to the value itself: float32 has 7 digits.
RELATIVE = 1e-6
# Added for what is between 0 and 1 throughout, as probabilities are: near 0 they stand for large logits.
PROBABILITY = 1e-6
# An output says something about the weights where it moves by this share of its size from input to input.
LEAST_SPREAD = 1e-4
_TINY = float(np.finfo(np.float64).tiny)
# Elements of a large output, such as a map, that its spread is taken from.
_MOST_ELEMENTS = 100_000


@dataclass(frozen=True)
class OutputProof:
    """One output, or one inner value such as the logits, over all batches.

    Where floats are given in several ranges, such as pictures of 0..255 and of 0..1, each is judged by itself, since it
    moves values by other amounts; what stands here is of the range that agrees worst.

    Attributes:
        name: of the tensor.
        dtype: numpy's name of it.
        inner: whether it is no output of the file, but a value inside it.
        max_abs_difference: the largest found; 0 for what is no float.
        max_rel_difference: the same in units of the spread.
        spread: how much the source's values change from input to input: root mean square over the elements of their
            standard deviation over inputs; 0 for what is no float.
        worst: how far the worst item is off: root mean square of its differences, or a share of the largest.
        tolerance: of `worst`.
        agrees: whether all items agree.
        varies: whether the values change from input to input, so that they say something about the weights.
        unseen: how many elements of an item move by less than a single one may differ, as small numbers do beside large
            ones: they could be wrong and agree.
        range: of the inputs; "" where there is one only.
    """

    name: str
    dtype: str
    inner: bool
    max_abs_difference: float
    max_rel_difference: float
    spread: float
    worst: float
    tolerance: float
    agrees: bool
    varies: bool
    unseen: int = 0
    range: str = ""


class Agreement:
    """The figures of one tensor, batch after batch.

    Attributes:
        worst: of each batch, how far each item is off, float [N], to be held against the tolerance of the batch's
            range; infinite where equality is asked.
    """

    def __init__(self, name: str, inner: bool = False) -> None:
        """Begins with nothing compared."""
        self.name, self.inner, self.dtype = name, inner, ""
        self.worst: list[NDArray[np.float64]] = []
        self._ranges: list[str] = []
        self._difference: dict[str, float] = {}
        self._moments: dict[str, dict[tuple[int, ...], Moments]] = {}
        self._is_probability, self._others, self._first = True, False, None

    def add(
        self,
        source: NDArray[Any],
        found: NDArray[Any],
        items: int,
        excused: NDArray[np.bool_] | None = None,
        given: str = "",
    ) -> None:
        """Compares one batch.

        Args:
            source: what is expected.
            found: of the same shape.
            items: in the batch; where the first axis is not of this size, all values belong to all items.
            excused: values that may differ, bool of the same shape.
            given: range of the batch's inputs; each has a spread and a tolerance of its own.
        """
        self.dtype = str(source.dtype)
        beyond = excess(source, found)
        if excused is not None:
            beyond[excused] = 0
        is_batched = source.ndim > 0 and len(source) == items
        rows, beyond = (source, beyond) if is_batched else (source[None], beyond[None])
        worst = np.array([off(item) for item in beyond])
        self.worst.append(worst if is_batched else np.repeat(worst, items))
        self._ranges.append(given)
        if source.dtype.kind == "f":
            self._add_floats(rows, found.reshape(rows.shape), given)
        elif len(rows):
            self._first = rows[0] if self._first is None else self._first
            self._others |= not all(np.array_equal(row, self._first) for row in rows)

    def _add_floats(self, rows: NDArray[np.floating], found: NDArray[np.floating], given: str) -> None:
        usable = np.isfinite(rows) & np.isfinite(found)
        difference = np.abs(np.subtract(rows, found, where=usable, out=np.zeros(rows.shape)))
        self._difference[given] = max(self._difference.get(given, 0.0), float(difference.max(initial=0)))
        self._is_probability &= bool(((rows >= 0) & (rows <= 1) | ~usable).all())
        flat = rows.reshape(len(rows), -1)
        some = flat[:, :: max(1, flat.shape[1] // _MOST_ELEMENTS)]
        groups = self._moments.setdefault(given, {})
        groups.setdefault(rows.shape[1:], Moments(some.shape[1])).add(some)

    def tolerance(self, given: str = "") -> float:
        """What an item of this range may be off, by the spread that is known so far."""
        if not self._moments:
            return 0.0
        return TOLERANCE * self._spread(given)[0] + (PROBABILITY if self._is_probability else 0.0)

    def departing(self) -> list[NDArray[np.bool_]]:
        """Of each batch, which items are beyond the tolerance, [N]."""
        tolerances = {given: self.tolerance(given) for given in set(self._ranges)}
        return [worst > tolerances[given] for worst, given in zip(self.worst, self._ranges, strict=True)]

    def proof(self) -> OutputProof:
        """What has been found, in the range that agrees worst."""
        proofs = [self._proof(given) for given in dict.fromkeys(self._ranges)] or [self._proof("")]
        shown = max(proofs, key=lambda each: (not each.agrees, each.worst / max(each.tolerance, _TINY)))
        return replace(shown, varies=any(each.varies for each in proofs), unseen=max(each.unseen for each in proofs))

    def _proof(self, given: str) -> OutputProof:
        spread, size = self._spread(given)
        of_range = [worst for worst, each in zip(self.worst, self._ranges, strict=True) if each == given]
        worst = max((float(each.max(initial=0)) for each in of_range), default=np.inf)
        tolerance, difference = self.tolerance(given), self._difference.get(given, 0.0)
        groups = self._moments.get(given, {}).values()
        return OutputProof(
            name=self.name,
            dtype=self.dtype,
            inner=self.inner,
            max_abs_difference=difference,
            max_rel_difference=difference / spread if spread else 0.0,
            spread=spread,
            worst=worst,
            tolerance=tolerance,
            agrees=worst <= tolerance,
            varies=spread > LEAST_SPREAD * size if self._moments else self._others,
            unseen=0 if self._is_probability else sum(each.below(PEAK * tolerance) for each in groups),
            range=given,
        )

    def _spread(self, given: str) -> tuple[float, float]:
        """Of the items of one range; where no two of them have the same shape, of all."""
        groups = list(self._moments.get(given, {}).values())
        if not any(group.freedom() for group in groups):
            groups = [group for each in self._moments.values() for group in each.values()]
        return spread_of(groups)


def off(excess: NDArray[np.float64], peak: float = PEAK) -> float:
    """How far one item is off: the root mean square of its differences, and more where one is `peak` times that."""
    with np.errstate(invalid="ignore"):
        return float(max(np.sqrt((excess**2).mean()), excess.max() / peak)) if excess.size else 0.0


def excess(source: NDArray[Any], found: NDArray[Any]) -> NDArray[np.float64]:
    """How much differences are beyond what is tolerated relative to the value; infinite where equality is asked.

    NaN agrees with NaN, and infinities with themselves. The shapes are the same.
    """
    if source.dtype.kind != "f":
        return np.where(source == found, 0.0, np.inf)
    values, others = source.astype(np.float64), found.astype(np.float64)
    same = (values == others) | (np.isnan(values) & np.isnan(others))
    with np.errstate(invalid="ignore"):
        beyond = np.abs(values - others) - RELATIVE * np.abs(values)
    return np.where(same, 0.0, np.where(np.isfinite(beyond), np.maximum(beyond, 0), np.inf))


def equal_choices(scores: NDArray[Any], axis: int, one: NDArray[Any], other: NDArray[Any]) -> NDArray[np.bool_]:
    """Where two lists of places along an axis name scores that are equal but for the last digits."""
    places = [np.expand_dims(each.astype(np.int64), axis) for each in (one, other)]
    first, second = (np.take_along_axis(scores, place, axis).squeeze(axis) for place in places)
    return np.abs(first - second) <= RELATIVE * np.abs(scores).max(axis=axis)
