"""What became of every variable: restored or not, learned or frozen."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Literal

from ...data.storage import write_atomically


@dataclass(frozen=True)
class VariableRow:
    """One variable of the network.

    Attributes:
        name: its path in the network.
        shape: its shape.
        part: where in the network it is.
        source: its name in the checkpoint; "" where nothing was restored.
        reason: why it was not restored, in words; "" where it was.
        learning: when it is learned: never, from a step on, or always; filled in by `learned`.
    """

    name: str
    shape: tuple[int, ...]
    part: Literal["backbone", "heads"]
    source: str
    reason: str
    learning: str = ""


def learned(rows: Sequence[VariableRow], learning: Mapping[str, str]) -> list[VariableRow]:
    """Rows with when each variable is learned.

    Args:
        rows: of the whole network.
        learning: by the path of a variable: "frozen", "from step N" or "always".

    Raises:
        KeyError: of a variable nothing is said.
    """
    return [replace(row, learning=learning[row.name]) for row in rows]


def write(path: Path, rows: Sequence[VariableRow]) -> None:
    """Writes `variables.json`, whole or not at all: one object per variable, with the fields of `VariableRow`."""
    with write_atomically(path) as file:
        file.write_text(json.dumps([asdict(row) for row in rows], indent=1) + "\n", encoding="utf-8")


def read(path: Path) -> list[VariableRow]:
    """Reads what `write` wrote."""
    rows = json.loads(path.read_text(encoding="utf-8"))
    return [VariableRow(**{**row, "shape": tuple(row["shape"])}) for row in rows]
