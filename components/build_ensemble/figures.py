"""What is reported of an ensemble and of its members."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, TypedDict

import numpy as np

from ..data.dataset import Dataset
from ..models.folder import ModelFolder
from ..models.measured import Measured, measure_split
from ..models.metrics import HIGHER_IS_BETTER, default_metric
from .answers import Answers
from .gain import Gain, gains
from .learn import Learned
from .members import recorded_validation


@dataclass(frozen=True)
class Said:
    """What a member, or the ensemble, said of two splits, and the processor time that an item takes it, in seconds."""

    validation: Answers
    test: Answers
    seconds: float


class ModelFigures(TypedDict):
    """A member, or the ensemble: its share of the weight, metrics on two splits, size and time.

    `recorded` says that what it said of validation items is of before it was fitted on them.
    """

    name: str
    folder: str
    weight: float
    validation: dict[str, float]
    test: dict[str, float]
    bytes: int
    milliseconds: float
    recorded: bool


class Figures(TypedDict):
    """What was found out, as the parameters of the ensemble's model.json hold it.

    Attributes:
        metric: the main one of the data set.
        learned_by: the metric that the weights were learned by.
        validation_items: how many they were learned from.
        iou_threshold: of box fusion, or None.
        members: as they were given.
        ensemble: of all of them.
        gain: of the ensemble on the test split, by metric, over the member that is best in this metric on validation:
            the one that would be deployed otherwise.
    """

    metric: str
    learned_by: str
    validation_items: int
    iou_threshold: float | None
    members: list[ModelFigures]
    ensemble: ModelFigures
    gain: dict[str, Gain]


def figures_of(
    model: ModelFolder, members: Sequence[ModelFolder], dataset: Dataset, learned: Learned, said: Sequence[Said]
) -> Figures:
    """Measures all of them.

    Args:
        model: the ensemble.
        members: M, as they were given.
        dataset: with the true labels.
        learned: how they are put together.
        said: by each member and, last, by the ensemble.
    """
    tested = [measure_split(dataset, "test", model.labels, each.test) for each in said]
    on_validation = [measure_split(dataset, "validation", model.labels, each.validation) for each in said]
    weights, seconds = [*learned.weights.tolist(), 1.0], [each.seconds for each in said]
    *of_members, ensemble = map(_row, [*members, model], weights, on_validation, tested, seconds)
    ensemble["bytes"] = sum(each["bytes"] for each in of_members if each["weight"])
    best = {name: _best(name, of_members) for name in ensemble["test"] if all(name in each.metrics for each in tested)}
    return {
        "metric": default_metric(dataset),
        "learned_by": learned.by,
        "validation_items": learned.items,
        "iou_threshold": learned.iou_threshold,
        "members": of_members,
        "ensemble": ensemble,
        "gain": gains(tested[-1], tested[:-1], best, model.seed),
    }


def logged(figures: Mapping[str, Any]) -> dict[str, float]:
    """What the pipeline UIs list: the ensemble's metrics, each member's weight, and the gain in the main metric."""
    weights = {f"weight_{place}": member["weight"] for place, member in enumerate(figures["members"], 1)}
    gain = figures["gain"][figures["metric"]]
    with_ends = {"gain": gain["value"], "gain_low": gain["low"], "gain_high": gain["high"]}
    return {**figures["ensemble"]["test"], **weights, **with_ends}


def _row(model: ModelFolder, weight: float, validation: Measured, test: Measured, seconds: float) -> ModelFigures:
    is_member = model.onnx.is_file()
    return {
        "name": model.name,
        "folder": str(model.path),
        "weight": weight,
        "validation": validation.metrics,
        "test": test.metrics,
        "bytes": model.onnx.stat().st_size if is_member else 0,
        "milliseconds": round(1000 * seconds, 4),
        "recorded": is_member and recorded_validation(model) is not None,
    }


def _best(metric: str, members: Sequence[ModelFigures]) -> int:
    """Of equals the one with the most weight."""
    sign, worst = (1, -np.inf) if HIGHER_IS_BETTER[metric] else (-1, np.inf)

    def merit(place: int) -> tuple[float, float]:
        # A metric such as roc_auc may be defined on one split only.
        return sign * members[place]["validation"].get(metric, worst), members[place]["weight"]

    return max(range(len(members)), key=merit)
