"""Reads labelled data of any known format into a dataset folder."""

from pathlib import Path
from typing import Any

from ..data import storage
from ..data.items import Task
from ..errors import InputError
from .import_images import import_images
from .import_series import import_series
from .import_table import import_table
from .import_text import import_text


def read_dataset(
    source: str,
    task: str,
    output: str | Path,
    label_column: str = "",
    group_column: str = "",
    time_column: str = "",
    series_column: str = "",
    horizon: int = 0,
) -> dict[str, Any]:
    """Reads labelled data into a dataset folder, the format that every later step reads.

    It reads and marks: faults stay on the items, and what cannot be read is listed with the reason in rejects.jsonl.
    Formats: Vertex AI import files (.jsonl, .csv), Pascal VOC and COCO folders, images and texts in folders of their
    class; tables in CSV and Parquet, with an optional column `ml_use` of train, validation and test. Where the data
    name no split it is a stable hash of the item's bytes, 80/10/10; time series are split by time.

    Args:
        source: local path or gs:// URI of the import file, folder or table.
        task: a `Task`.
        output: dataset folder to write; replaced where it exists.
        label_column: of a table, the column to predict; of text_classification "" is `label`.
        group_column: of a table, a column whose equal values shall not fall in two splits.
        time_column: of tabular_forecasting, the column of dates.
        series_column: of tabular_forecasting, the column that names the series; "" for a single series.
        horizon: of tabular_forecasting, how many periods ahead, at least 1.

    Returns:
        The summary, as dataset.json holds it.

    Raises:
        InputError: nothing usable was found in the source.
    """
    kind = _task(task)
    _check_readable(source)
    if kind.is_image and (label_column or group_column):
        raise InputError(f"label_column and group_column are for tables: leave them out for {kind}.")
    is_forecast = kind is Task.TABULAR_FORECASTING
    if not is_forecast and (time_column or series_column or horizon):
        raise InputError(f"time_column, series_column and horizon are for {Task.TABULAR_FORECASTING}: leave them out.")
    if is_forecast and group_column:
        raise InputError("group_column is not for forecasts, which split by time: leave it out.")
    if kind.is_image:
        summary = import_images(source, kind, output)
    elif is_forecast:
        summary = import_series(source, output, label_column, time_column, series_column, horizon)
    elif kind is Task.TEXT_CLASSIFICATION:
        summary = import_text(source, output, label_column, group_column)
    else:
        summary = import_table(source, kind, output, label_column, group_column)
    counts = ", ".join(f"{count:,} {split}" for split, count in summary["counts"].items())
    print(f"{counts}; {summary['rejects']:,} rejects; faults: {summary['faults'] or 'none'}", flush=True)
    return summary


def counts(summary: dict[str, Any]) -> dict[str, float]:
    """The figures of a summary that a pipeline UI shows as metrics."""
    return {
        **{f"items_{split}": count for split, count in summary["counts"].items()},
        "labels": len(summary["labels"]),
        "rejects": summary["rejects"],
        **{f"fault_{rule}": count for rule, count in summary["faults"].items()},
    }


def _task(task: str) -> Task:
    try:
        return Task(task)
    except ValueError:
        raise InputError(f"there is no task {task!r}: give one of {', '.join(Task)}.") from None


def _check_readable(source: str) -> None:
    try:
        found = bool(source) and storage.exists(source)
    except OSError as error:
        raise InputError(f"the source {source!r} cannot be read: {error}.") from error
    if not found:
        raise InputError(f"there is no file or folder {source!r}: give the path or gs:// URI of the data.")
