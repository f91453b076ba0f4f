"""Metrics artifacts for the pipeline UIs."""

import json
from collections.abc import Mapping
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


def log_confusion(artifact: ConfusionArtifact, table: Mapping[str, Any] | None) -> None:
    """Puts a confusion matrix (`models.metrics.Confusion`) into the artifact; None leaves it empty."""
    if table:
        artifact.log_confusion_matrix(table["labels"], table["counts"])
    log_metrics(artifact, {})
