"""Artifacts of Google Cloud's own types, by which the pipeline's console links to the resource.

Schemas: `google_cloud_pipeline_components.types.artifact_types`, version 0.0.1. Named here and not imported, since that
package asks for a google-cloud-aiplatform below 2.
"""

from pathlib import Path

from kfp import dsl

from .vertex.uri import vertex_uri


class VertexModel(dsl.Artifact):
    """A model in Vertex AI's registry; its metadata has `resourceName`, or nothing where there is no such model."""

    schema_title = "google.VertexModel"
    schema_version = "0.0.1"


class VertexDataset(dsl.Artifact):
    """A data set of Vertex AI; its metadata has `resourceName`, or nothing where there is no such data set."""

    schema_title = "google.VertexDataset"
    schema_version = "0.0.1"


def refer(artifact: dsl.Artifact, resource_name: str) -> None:
    """Lets an artifact stand for a resource.

    Args:
        artifact: an output of a component.
        resource_name: projects/PROJECT/locations/LOCATION/COLLECTION/ID, or "" where there is no resource: then the
            artifact is an empty file, without which KFP's local cache would take it for lost.
    """
    if resource_name:
        artifact.uri = vertex_uri(resource_name)
        artifact.metadata["resourceName"] = resource_name
    else:
        Path(artifact.path).touch()
