"""Where on Vertex AI a batch is predicted, on which machines, and as whom."""

import re
from dataclasses import dataclass

from ...errors import InputError
from ...vertex.forms import check_forms, labels_of


@dataclass(frozen=True, kw_only=True)
class VertexBatchSettings:
    """Settings of the engine `vertex`; plain values, as a pipeline passes them (there: vertex_project, ...).

    Attributes:
        project: Google Cloud project.
        location: region of Vertex AI, such as us-central1; the bucket of `staging` must be in it.
        staging: gs:// URI under which requests, a local model and the service's own results are put.
        model: resource name of a registered model, projects/PROJECT/locations/REGION/models/ID, @VERSION may follow;
            "" to predict with a model folder.
        machine_type: of the replicas.
        starting_replicas: how many there are at first.
        max_replicas: how many there may be.
        encryption_key: resource name of the customer-managed key:
            projects/PROJECT/locations/REGION/keyRings/RING/cryptoKeys/KEY.
        service_account: account that the job runs as; "" for the service's own.
        labels: of the job, as key=value,key=value.
        monitoring_data: gs:// URI of the rows that the model was trained on, for the service to compare with; "" for no
            monitoring.
        monitoring_target: the label column of these.
        monitoring_emails: who is told of skew, separated by commas.
        gcp_resources: file for the resource name of the job, written before it is waited for; "" for none.
    """

    project: str = ""
    location: str = "us-central1"
    staging: str = ""
    model: str = ""
    machine_type: str = "n1-standard-4"
    starting_replicas: int = 1
    max_replicas: int = 10
    encryption_key: str = ""
    service_account: str = ""
    labels: str = ""
    monitoring_data: str = ""
    monitoring_target: str = ""
    monitoring_emails: str = ""
    gcp_resources: str = ""


def check_settings(settings: VertexBatchSettings) -> None:
    """Checks the settings before the first call to the service.

    Raises:
        InputError: one cannot be used.
    """
    check_forms(settings)
    labels_of(settings.labels)
    if not 1 <= settings.starting_replicas <= settings.max_replicas:
        raise InputError(
            f"vertex_starting_replicas is {settings.starting_replicas} and vertex_max_replicas is "
            f"{settings.max_replicas}: the first must be 1 or more, and no more than the second."
        )
    if not re.fullmatch(r"[a-z0-9]+-[a-z0-9-]+", settings.machine_type):
        raise InputError(f"vertex_machine_type is {settings.machine_type!r}: give a type such as n1-standard-4.")
    if settings.model and settings.model.split("/")[3] != settings.location:
        raise InputError(f"vertex_model is {settings.model!r}, which is not in vertex_location, {settings.location}.")
