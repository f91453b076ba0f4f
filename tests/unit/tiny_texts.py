"""Small collections of labelled texts with something to learn in them, as data sets."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from tiny_tables import table_dataset

from graduate.components.data.dataset import Dataset
from graduate.components.data.items import Column, ColumnType, Task

SIZES = {"train": 300, "validation": 60, "test": 90}
TELLING = {
    "praise": ["splendid", "cheap", "not bad", "très bien", "很好"],
    "blame": ["dreadful", "not cheap", "bad", "слабо", "很坏"],
    "query": ["how", "where", "not sure", "¿cuándo", "可以吗"],
}
COLUMNS = (Column("remark (any)", ColumnType.TEXT), Column("stars", ColumnType.NUMBER))


def remarks(path: Path, sizes: Mapping[str, int] = SIZES, columns: Sequence[Column] = COLUMNS) -> Dataset:
    """Remarks of customers: a few of the words and pairs of words tell the mood, the stars tell a little of it."""
    rng = np.random.default_rng(0)
    rows = [_remark(rng) for _ in range(sum(sizes.values()))]
    names = [column.name for column in columns]
    rows = [{name: row[name] for name in [*names, "mood"]} for row in rows]
    return table_dataset(path, Task.TEXT_CLASSIFICATION, [*columns, Column("mood", ColumnType.CATEGORY)], rows, sizes)


def _remark(rng: np.random.Generator) -> dict[str, Any]:
    mood = str(rng.choice(list(TELLING)))
    # Zipf's law: some words stand in nearly every text, most in few.
    words = [f"word{rank}" for rank in rng.zipf(1.5, rng.integers(3, 20)) if rank < 1000]
    words += [str(rng.choice(TELLING[mood if rng.random() < 0.9 else "query"])) for _ in range(2)]
    rng.shuffle(words)
    text = str(rng.choice([" ", ", ", "\n"])).join(words)
    shape = (str.lower, str.capitalize, str.upper, str.title)[rng.choice(4, p=[0.4, 0.4, 0.1, 0.1])]
    return {
        "remark (any)": None if rng.random() < 0.02 else shape(text) + str(rng.choice(["", "!", "…", " 😀"])),
        "stars": None if rng.random() < 0.1 else float({"praise": 4, "blame": 1, "query": 3}[mood] + rng.normal(0, 2)),
        "mood": mood,
    }
