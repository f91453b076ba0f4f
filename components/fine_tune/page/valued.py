"""How far the values of a regression are from the true ones on the test split."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from ...data.dataset import Dataset
from ...reports.formats import number
from ...reports.scatter import Density, density
from .rows import RowTable, row_table

WORST = 12


@dataclass(frozen=True)
class ValueEvidence:
    """What the page shows of a regression: predicted over true values, and the rows that are furthest off."""

    density: Density
    rows: RowTable
    kind: str = "regression"


def valued(dataset: Dataset, truth: Mapping[str, Any], found: Mapping[str, Any]) -> ValueEvidence:
    """The evidence of a regression.

    Args:
        dataset: of a table.
        truth: the true value by row id, not empty.
        found: predictions by row id, of these rows at least.
    """
    true = np.array(list(truth.values()), float)
    values = np.array([found[identity]["value"] for identity in truth], float)
    identities = list(truth)
    worst = np.argsort(-np.abs(values - true), kind="stable")[:WORST]
    answers = {identities[place]: (number(float(true[place])), number(float(values[place]))) for place in worst}
    return ValueEvidence(density(true, values), row_table(dataset, answers))
