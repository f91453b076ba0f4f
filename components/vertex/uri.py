"""Addresses of Vertex AI's resources, as artifacts and job records name them."""


def vertex_uri(resource_name: str) -> str:
    """Address of a resource in the REST API, the form of google-cloud-pipeline-components.

    Args:
        resource_name: projects/PROJECT/locations/LOCATION/COLLECTION/ID.

    Returns:
        https://LOCATION-aiplatform.googleapis.com/v1/projects/PROJECT/locations/LOCATION/COLLECTION/ID.
    """
    location = resource_name.split("/")[3]
    return f"https://{location}-aiplatform.googleapis.com/v1/{resource_name}"
