"""What became of the variables of a network: counts by where their values come from and by when they are learned."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from math import prod
from pathlib import Path

from ..restore import variables
from ..restore.variables import VariableRow

RESTORED = "restored from the checkpoint"


@dataclass(frozen=True)
class Share:
    """Variables of the same fate: what it is, how many they are, and how many numbers they hold."""

    fate: str
    variables: int
    numbers: int


@dataclass(frozen=True)
class Part:
    """A part of the network: where its values come from, when they are learned, and all its variables."""

    name: str
    sources: list[Share]
    learning: list[Share]
    rows: list[VariableRow]


def weights(file: Path) -> list[Part]:
    """The parts of the network of a training, in their order; none where there is no file `variables.json` of it."""
    rows = variables.read(file) if file.is_file() else []
    parts = dict.fromkeys(row.part for row in rows)
    return [_part(part, [row for row in rows if row.part == part]) for part in parts]


def _part(name: str, rows: list[VariableRow]) -> Part:
    return Part(name, _shares(rows, _source), _shares(rows, lambda row: row.learning), rows)


def _source(row: VariableRow) -> str:
    return f"not restored: {row.reason}" if row.reason else RESTORED


def _shares(rows: Iterable[VariableRow], fate: Callable[[VariableRow], str]) -> list[Share]:
    """The rows by their fate, in the order in which the fates are met."""
    grouped: dict[str, list[VariableRow]] = {}
    for row in rows:
        grouped.setdefault(fate(row), []).append(row)
    return [Share(name, len(same), sum(prod(row.shape) for row in same)) for name, same in grouped.items()]
