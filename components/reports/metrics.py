"""Metrics artifacts for the pipeline UIs."""

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, Protocol


class MetricsArtifact(Protocol):
    """What is used of `kfp.dsl.Metrics`; rooms do not import KFP."""

    metadata: dict[str, Any]

    @property
    def path(self) -> str:
        """Of the artifact's file."""
        ...


class ConfusionArtifact(MetricsArtifact, Protocol):
    """What is used of `kfp.dsl.ClassificationMetrics`."""

    def log_confusion_matrix(self, categories: list[str], matrix: list[list[int]]) -> None:
        """Sets the whole matrix: rows are true labels, columns predicted ones."""
        ...


def log_metrics(artifact: MetricsArtifact, values: Mapping[str, float]) -> None:
    """Puts metrics into the artifact's metadata, where the UIs read them, and into its file.

    KFP's local cache takes a task for finished only when each of its artifacts has a file.
    """
    artifact.metadata.update(values)
    path = Path(artifact.path)
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps(artifact.metadata), encoding="utf-8")


def with_intervals(values: Mapping[str, float], intervals: Mapping[str, Sequence[float]]) -> dict[str, float]:
    """Metrics with the ends of their intervals as metrics of their own, which the UIs list and compare across runs.

    >>> with_intervals({"rmse": 3.0, "r2": 0.5}, {"rmse": [2.5, 3.5]})
    {'rmse': 3.0, 'rmse_low': 2.5, 'rmse_high': 3.5, 'r2': 0.5}
    """
    listed = {}
    for name, value in values.items():
        listed[name] = value
        if name in intervals:
            listed[f"{name}_low"], listed[f"{name}_high"] = intervals[name]
    return listed


def log_confusion(artifact: ConfusionArtifact, table: Mapping[str, Any] | None) -> None:
    """Puts a confusion matrix (`models.metrics.Confusion`) into the artifact; None leaves it empty."""
    if table:
        artifact.log_confusion_matrix(table["labels"], table["counts"])
    log_metrics(artifact, {})
