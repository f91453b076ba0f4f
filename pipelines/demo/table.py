"""A table that scikit-learn ships, with faults planted: tumours described by 30 numbers, malignant or benign.

"Breast Cancer Wisconsin (Diagnostic)", W. Wolberg, O. Mangasarian, N. Street, W. Street, 1993, UCI Machine Learning
Repository, CC BY 4.0: 569 rows.
"""

import json
from pathlib import Path

import numpy as np
import pandas as pd
from sklearn.datasets import load_breast_cancer

from ...components.data.storage import write_atomically
from .found import PLANTED_FILE

FILE = "tumours.csv"
SPLITS = {"training": 0.7, "validation": 0.1, "test": 0.2}
WRONG_LABELS = 12
DUPLICATES_WITHIN = 3
DUPLICATES_ACROSS = 3
UNREADABLE_NUMBERS = 4


def make_table(folder: Path, seed: int = 0) -> Path:
    """Writes the table, and the list of planted faults beside it.

    Args:
        folder: created where missing.
        seed: of everything random; the same seed gives the same bytes.

    Returns:
        The path of the table.
    """
    rng = np.random.default_rng(seed)
    table = _clean_table(rng)
    planted: dict[str, list[dict[str, object]]] = {}
    victims = iter(rng.permutation(np.flatnonzero(table["ml_use"] == "training")))

    wrong = [int(next(victims)) for _ in range(WRONG_LABELS)]
    table.loc[wrong, "diagnosis"] = table.loc[wrong, "diagnosis"].map({"malignant": "benign", "benign": "malignant"})
    planted["wrong_label"] = [{"id": _row_id(row)} for row in wrong]

    unreadable = [int(next(victims)) for _ in range(UNREADABLE_NUMBERS)]
    table["mean radius"] = table["mean radius"].astype(object)
    table.loc[unreadable, "mean radius"] = "n/k"
    planted["type_break"] = [{"id": _row_id(row)} for row in unreadable]

    for rule, ml_use, count in (
        ("duplicate", "training", DUPLICATES_WITHIN),
        ("split_overlap", "test", DUPLICATES_ACROSS),
    ):
        originals = [int(next(victims)) for _ in range(count)]
        planted[rule] = [
            {"id": _row_id(len(table) + place), "copy_of": _row_id(row)} for place, row in enumerate(originals)
        ]
        table = pd.concat([table, table.loc[originals].assign(ml_use=ml_use)], ignore_index=True)
    folder.mkdir(parents=True, exist_ok=True)
    (folder / PLANTED_FILE).write_text(json.dumps(planted, indent=1), encoding="utf-8")
    with write_atomically(folder / FILE) as aside:
        table.to_csv(aside, index=False)
    return folder / FILE


def _clean_table(rng: np.random.Generator) -> pd.DataFrame:
    columns, is_benign = load_breast_cancer(return_X_y=True, as_frame=True)
    table = pd.DataFrame(columns)
    table["diagnosis"] = np.where(is_benign, "benign", "malignant")
    table["ml_use"] = rng.choice(list(SPLITS), len(table), p=list(SPLITS.values()))
    return table


def _row_id(row: int) -> str:
    """How the importer names a row: the file and its line, the first one after the header being 2."""
    return f"{FILE}:{row + 2}"
