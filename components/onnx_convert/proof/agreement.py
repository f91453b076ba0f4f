"""How well the values of one tensor agree over many batches, kept as figures and not as values."""

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

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
# Elements of a large output, such as a map, that its spread is taken from.
_MOST_ELEMENTS = 100_000


@dataclass(frozen=True)
class OutputProof:
    """One output, or one inner value such as the logits, over all batches.

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


class Agreement:
    """The figures of one tensor, batch after batch.

    Attributes:
        worst: of each batch, how far each item is off, float [N], to be held against `tolerance`; infinite where
            equality is asked.
    """

    def __init__(self, name: str, inner: bool = False) -> None:
        """Begins with nothing compared."""
        self.name, self.inner, self.dtype = name, inner, ""
        self.worst: list[NDArray[np.float64]] = []
        self._difference = 0.0
        self._moments: dict[tuple[int, ...], _Moments] = {}
        self._is_probability, self._others, self._first = True, False, None

    def add(
        self, source: NDArray[Any], found: NDArray[Any], items: int, excused: NDArray[np.bool_] | None = None
    ) -> None:
        """Compares one batch.

        Args:
            source: what is expected.
            found: of the same shape.
            items: in the batch; where the first axis is not of this size, all values belong to all items.
            excused: values that may differ, bool of the same shape.
        """
        self.dtype = str(source.dtype)
        beyond = excess(source, found)
        if excused is not None:
            beyond[excused] = 0
        is_batched = source.ndim > 0 and len(source) == items
        rows, beyond = (source, beyond) if is_batched else (source[None], beyond[None])
        worst = np.array([off(item) for item in beyond])
        self.worst.append(worst if is_batched else np.repeat(worst, items))
        if source.dtype.kind == "f":
            self._add_floats(rows, found.reshape(rows.shape))
        elif len(rows):
            self._first = rows[0] if self._first is None else self._first
            self._others |= not all(np.array_equal(row, self._first) for row in rows)

    def _add_floats(self, rows: NDArray[np.floating], found: NDArray[np.floating]) -> None:
        usable = np.isfinite(rows) & np.isfinite(found)
        difference = np.abs(np.subtract(rows, found, where=usable, out=np.zeros(rows.shape)))
        self._difference = max(self._difference, float(difference.max(initial=0)))
        self._is_probability &= bool(((rows >= 0) & (rows <= 1) | ~usable).all())
        flat = rows.reshape(len(rows), -1)
        some = flat[:, :: max(1, flat.shape[1] // _MOST_ELEMENTS)]
        self._moments.setdefault(rows.shape[1:], _Moments(some.shape[1])).add(some)

    @property
    def tolerance(self) -> float:
        """What an item may be off, by the spread that is known so far."""
        if not self._moments:
            return 0.0
        return TOLERANCE * self._spread()[0] + (PROBABILITY if self._is_probability else 0.0)

    def proof(self) -> OutputProof:
        """What has been found."""
        spread, size = self._spread()
        worst = max((float(each.max(initial=0)) for each in self.worst), default=np.inf)
        return OutputProof(
            name=self.name,
            dtype=self.dtype,
            inner=self.inner,
            max_abs_difference=self._difference,
            max_rel_difference=self._difference / spread if spread else 0.0,
            spread=spread,
            worst=worst,
            tolerance=self.tolerance,
            agrees=worst <= self.tolerance,
            varies=spread > LEAST_SPREAD * size if self._moments else self._others,
            unseen=0
            if self._is_probability
            else sum(each.below(PEAK * self.tolerance) for each in self._moments.values()),
        )

    def _spread(self) -> tuple[float, float]:
        """Root mean squares of how much the values change, and of the values; NaN and infinities left out."""
        groups = list(self._moments.values())
        count = sum(group.count.sum() for group in groups)
        if not count:
            return 0.0, 0.0
        squares = sum(group.squares.sum() for group in groups)
        freedom = sum(group.freedom() for group in groups)
        if freedom:
            variance = sum(group.deviation().sum() for group in groups) / freedom
        else:
            # Every item has a shape of its own, as maps of pictures of several sizes: elements stand for items.
            mean = sum(group.sum.sum() for group in groups) / count
            variance = max(squares / count - mean**2, 0.0)
        return float(np.sqrt(variance)), float(np.sqrt(squares / count))


class _Moments:
    """Sums over items of one shape, per element; NaN and infinities left out."""

    def __init__(self, size: int) -> None:
        self.count, self.sum, self.squares = np.zeros((3, size))

    def add(self, rows: NDArray[np.floating]) -> None:
        usable = np.isfinite(rows)
        values = np.where(usable, rows, 0).astype(np.float64)
        self.count += usable.sum(axis=0)
        self.sum += values.sum(axis=0)
        self.squares += (values**2).sum(axis=0)

    def deviation(self) -> NDArray[np.float64]:
        """Per element the sum over items of the squared distance from its mean."""
        return np.maximum(self.squares - self.sum**2 / np.maximum(self.count, 1), 0)

    def below(self, tolerance: float) -> int:
        """How many elements change from item to item, but by less than this."""
        deviation = np.sqrt(self.deviation() / np.maximum(self.count - 1, 1))
        return int(((deviation > 0) & (deviation < tolerance)).sum())

    def freedom(self) -> float:
        """Degrees of freedom of `deviation`."""
        return float(np.maximum(self.count - 1, 0).sum())


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
