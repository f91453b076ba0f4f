"""The record of launched jobs, in the form of google-cloud-pipeline-components.

{"resources": [{"resourceType": "TrainingPipeline", "resourceUri": "https://LOCATION-aiplatform.googleapis.com/v1/..."}]}
https://github.com/kubeflow/pipelines/blob/master/components/google-cloud/google_cloud_pipeline_components/proto/README.md
"""

import json
from pathlib import Path

from ..data.storage import write_atomically
from .uri import vertex_uri


class GcpResources:
    """The record; with no file it keeps nothing."""

    def __init__(self, file: Path | None) -> None:
        self._file = file

    def names(self, resource_type: str) -> list[str]:
        """Resource names of the recorded jobs of a type, the last one first."""
        uris = [each["resourceUri"] for each in self._read() if each["resourceType"] == resource_type]
        return [uri.partition("/v1/")[2] for uri in reversed(uris)]

    def add(self, resource_type: str, resource_name: str) -> None:
        """Records a job, unless it is there."""
        record = {"resourceType": resource_type, "resourceUri": vertex_uri(resource_name)}
        recorded = self._read()
        if self._file and record not in recorded:
            with write_atomically(self._file) as file:
                file.write_text(json.dumps({"resources": [*recorded, record]}, indent=1), encoding="utf-8")

    def _read(self) -> list[dict[str, str]]:
        # An output path of KFP can be there, empty, before anything was written to it.
        text = self._file.read_text(encoding="utf-8") if self._file and self._file.is_file() else ""
        return json.loads(text)["resources"] if text else []
