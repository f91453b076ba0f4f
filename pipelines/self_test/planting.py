"""What all kinds of data share in planting faults: where one is, who can bear one, and why there is none."""

from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import TypeVar

import numpy as np
from numpy.typing import NDArray

from ...components.data.items import Box

# Of the training items, so that a model can still be learned from the rest.
_MOST_SPOILED = 0.65
# What carries no rate of its own is planted in a hundredth of the training items, within these limits.
_FEWEST, _MOST = 3, 20

_Place = TypeVar("_Place")


class CannotPlantError(Exception):
    """The data cannot carry a fault; the message says why, one sentence."""


@dataclass(frozen=True, slots=True)
class Planted:
    """One planted fault.

    Attributes:
        rule: of the gate, by which it should be found.
        lines: of the spoiled data, counted from 1: the item's, and its twin's where either may be named; empty for a
            fault of a whole column.
        column: that the fault is in, "" where it is in none.
        box: index of the spoiled box, -1 for none.
        place: of the object whose box was dropped.
    """

    rule: str
    lines: tuple[int, ...] = ()
    column: str = ""
    box: int = -1
    place: Box | None = None


@dataclass(frozen=True, slots=True)
class Spoiled:
    """Data with faults, ready to be imported.

    Attributes:
        source: the file to import.
        planted: the faults.
        not_planted: rule -> why the data cannot carry its fault.
        origins: of each line, the id of the item in the data as they are; "" where it is a copy that was added.
    """

    source: str
    planted: list[Planted]
    not_planted: dict[str, str]
    origins: list[str]


class Victims:
    """Training items that carry no fault yet; each is taken once, so that finds can be told apart."""

    def __init__(self, places: Iterable[int], is_flagged: NDArray[np.bool_], rng: np.random.Generator) -> None:
        """Puts them in the order in which they are taken.

        Args:
            places: of the training items.
            is_flagged: bool [items], what the gate finds fault with as it is: taken last, for it bears one already.
            rng: of the order.
        """
        shuffled = rng.permutation(np.fromiter(places, np.int64))
        ordered = shuffled[np.argsort(is_flagged[shuffled], kind="stable")]
        self._left: list[int] = ordered[: int(len(ordered) * _MOST_SPOILED)].tolist()
        self.total = len(ordered)

    @property
    def few(self) -> int:
        """How many of them a fault without a rate of its own spoils."""
        return int(np.clip(self.total // 100, _FEWEST, _MOST))

    def share(self, share: float) -> int:
        """How many a share of them is."""
        return max(round(share * self.total), _FEWEST)

    def take(self, count: int, suits: Callable[[int], bool] = lambda _: True) -> list[int]:
        """Places of items that carry a fault from now on.

        Raises:
            CannotPlantError: fewer are left that suit.
        """
        taken = [place for place in self._left if suits(place)][:count]
        if len(taken) < count:
            raise CannotPlantError(
                f"It takes {count:,} training items that suit it and carry no other fault; {len(taken):,} are left."
            )
        no_longer = set(taken)
        self._left = [place for place in self._left if place not in no_longer]
        return taken


def another_label(labels: Sequence[str], given: Collection[str], rng: np.random.Generator) -> str:
    """One of the labels that is not given.

    Raises:
        CannotPlantError: there is none.
    """
    others = [label for label in labels if label not in given]
    if not others:
        raise CannotPlantError("There is no other label.")
    return str(rng.choice(others))


def plant_all(
    faults: Mapping[str, Callable[[_Place], Iterator[Planted]]], data: _Place
) -> tuple[list[Planted], dict[str, str]]:
    """Plants each kind of fault in turn.

    Args:
        faults: rule -> what plants its faults.
        data: what is spoiled, in place.

    Returns:
        What was planted, and for each rule that was not, why.
    """
    planted: list[Planted] = []
    not_planted: dict[str, str] = {}
    for rule, plant in faults.items():
        try:
            planted += plant(data)
        except CannotPlantError as why:
            not_planted[rule] = str(why)
    return planted, not_planted
