"""Metrics artifacts for the pipeline UIs."""

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Protocol


class MetricsArtifact(Protocol):
    """What is used of `kfp.dsl.Metrics` and `kfp.dsl.ClassificationMetrics`; rooms do not import KFP."""

    metadata: dict[str, Any]

    @property
    def path(self) -> str:
        """Of the artifact's file."""
        ...


def log_metrics(artifact: MetricsArtifact, values: Mapping[str, float]) -> None:
    """Puts metrics into the artifact's metadata, where the UIs read them, and into its file.

    KFP's local cache takes a task for finished only when each of its artifacts has a file.
    """
    artifact.metadata.update(values)
    path = Path(artifact.path)
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps(artifact.metadata), encoding="utf-8")
