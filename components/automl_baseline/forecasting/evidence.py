"""What the forecasting baseline leaves behind for later steps: predictions, importance, what it made of the columns."""

import json
from collections.abc import Iterator
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from ...data.dataset import Dataset
from ...data.items import Column
from ...data.storage import write_atomically
from ...models import feature_transforms, predictions
from ...models.columns import column_tensors, input_column
from ...models.feature_transforms import FeatureTransform
from ...models.folder import ModelFolder
from ...models.metrics import forecast_metrics
from ...models.outputs import to_predictions
from ...models.series_windows import SeriesRows
from .forecasters import Forecaster
from .windows import Windows, scale

_SHUFFLES = 5
# Older seasons are one group.
_SEASONS_APART = 4


def write_predictions(model: ModelFolder, known: SeriesRows, forecaster: Forecaster) -> None:
    """Writes the predictions of validation and test, each from what precedes the split.

    Training rows have none: the model has learned from them, and a prediction of what was seen would mislead.
    """
    for split in ("validation", "test"):
        rows, steps = known.of_split(split, forecaster.framing.described["horizon"])
        values = forecaster.predict(known.inputs(rows, steps, forecaster.framing.described))
        answers = to_predictions(model.task, [], {"value": values})
        predictions.write(model.predictions(split), zip(known.ids[rows].tolist(), answers, strict=True))


def write_transforms(model: ModelFolder, dataset: Dataset, forecaster: Forecaster) -> None:
    """Writes what the forecaster makes of each column, with statistics of the training rows."""
    transforms = [_transform(dataset, column, forecaster) for column in dataset.columns]
    feature_transforms.write(model.feature_transforms, transforms)


def write_importance(model: ModelFolder, known: SeriesRows, forecaster: Forecaster) -> None:
    """Writes by how much the RMSE on labelled test rows grows when a group of inputs is shuffled between the rows.

    The groups are seasons of the past, the cycles of the calendar and the step. The past is shuffled in the windows'
    own scale: that of another series would drown what is asked for. The form is that of the tabular baseline's file.
    """
    rows, steps = known.of_split("test", forecaster.framing.described["horizon"])
    is_labelled = np.isfinite(known.truth[rows])
    rows, steps = rows[is_labelled], steps[is_labelled]
    windows = scale(known.inputs(rows, steps, forecaster.framing.described), forecaster.framing)
    rng = np.random.default_rng(model.seed)

    def rmse(shown: Windows) -> float:
        return forecast_metrics(known.truth[rows], forecaster.unscaled(shown))["rmse"]

    before, columns = rmse(windows), []
    for name, part, chosen in _groups(forecaster):
        found = [rmse(_shuffled(windows, part, chosen, rng)) - before for _ in range(_SHUFFLES)]
        columns.append({"column": name, "importance": np.mean(found), "standard_deviation": np.std(found)})
    columns.sort(key=lambda each: -each["importance"])
    with write_atomically(model.importance) as file:
        file.write_text(json.dumps({"loss": "rmse", "columns": columns}, indent=2, ensure_ascii=False) + "\n", "utf-8")


def _groups(forecaster: Forecaster) -> Iterator[tuple[str, str, NDArray[np.int64]]]:
    """Yields the name of each group of inputs, the field of `Windows` that holds it, and its columns there."""
    described, season = forecaster.framing.described, forecaster.framing.season
    context, calendar = described["context"], described["columns"]
    block = season if season > 1 else -(-context // (2 * _SEASONS_APART))
    edges = [min(block * count, context) for count in range(_SEASONS_APART + 1)]
    for newest, oldest in zip(edges, [*edges[1:], context], strict=True):
        if newest < oldest:
            span = f"{newest + 1} to {oldest}" if oldest > newest + 1 else f"{oldest}"
            yield f"past, {span} rows before", "scaled", context - np.arange(newest + 1, oldest + 1)
    for cycle in dict.fromkeys(name.partition("_")[0] for name in calendar):
        places = [place for place, name in enumerate(calendar) if name.startswith(f"{cycle}_")]
        yield f"calendar, time of the {cycle}", "calendar", np.array(places)
    yield "steps ahead", "steps", np.array([0])


def _shuffled(windows: Windows, part: str, chosen: NDArray[np.int64], rng: np.random.Generator) -> Windows:
    values = getattr(windows, part)
    order = rng.permutation(len(values))
    if values.ndim == 1:
        return replace(windows, **{part: values[order]})
    shuffled = values.copy()
    shuffled[:, chosen] = values[order][:, chosen]
    return replace(windows, **{part: shuffled})


def _transform(dataset: Dataset, column: Column, forecaster: Forecaster) -> FeatureTransform:
    values = column_tensors(dataset.table("train", [column.name]), [input_column(column)])[column.name][:, 0]
    present = values[values != ""] if values.dtype == object else values[np.isfinite(values)]
    statistics = {"rows": len(values), "missing": len(values) - len(present)}
    framing = forecaster.framing
    if column.name == dataset.series_column:
        return FeatureTransform(column.name, column.type, "series", statistics | {"distinct": len(set(present))})
    if column.name == dataset.time_column:
        moments = feature_transforms.moments(present)
        return FeatureTransform(column.name, column.type, "date", statistics | moments | {"period": dataset.period})
    if column.name == dataset.label_column:
        window = {"context": framing.described["context"], "season": framing.season}
        moments = feature_transforms.moments(present)
        return FeatureTransform(column.name, column.type, "window", statistics | moments | window)
    reason = "It is not said whether this is known ahead of time, so it is not used."
    return FeatureTransform(column.name, column.type, "dropped", statistics | {"reason": reason})
