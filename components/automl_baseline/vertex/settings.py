"""Where on Vertex AI a baseline is trained, for how much, and as whom."""

from dataclasses import dataclass


@dataclass(frozen=True, kw_only=True)
class VertexSettings:
    """Settings of the engine `vertex`; plain values, as a pipeline passes them. `offer.checked` looks through them.

    Neither AutoML's training nor its batch prediction takes a network or, for training, a service account
    (google-cloud-aiplatform 2.7): training runs in Google's own network as the project's Vertex AI service agent. A
    network that is given is said not to be used.

    Attributes:
        project: Google Cloud project.
        location: region of Vertex AI, such as us-central1; the bucket of `staging` must be in it.
        staging: gs:// URI under which data and exports are put.
        budget_milli_node_hours: what the training may spend at most, in thousandths of a node hour; 0 for the least
            that the service takes.
        model_type: type of an image model, as the service names it, such as CLOUD or MOBILE_TF_VERSATILE_1; "" for its
            default.
        network: full name of the VPC network: projects/NUMBER/global/networks/NAME.
        encryption_key: resource name of the customer-managed key that protects dataset, training, model and
            predictions: projects/PROJECT/locations/REGION/keyRings/RING/cryptoKeys/KEY.
        service_account: account that the batch prediction runs as; "" for the service's own.
        labels: of all resources, as key=value,key=value.
        export_formats: formats to export the model in, separated by commas; "" for all that it offers.
        export_image: where in Artifact Registry to put a model that is offered as a container image, such as
            europe-west4-docker.pkg.dev/PROJECT/REPOSITORY/NAME; "" leaves such formats out.
        disable_early_stopping: whether to spend the whole budget, even when the model no longer gets better.
    """

    project: str = ""
    location: str = "us-central1"
    staging: str = ""
    budget_milli_node_hours: int = 0
    model_type: str = ""
    network: str = ""
    encryption_key: str = ""
    service_account: str = ""
    labels: str = ""
    export_formats: str = ""
    export_image: str = ""
    disable_early_stopping: bool = False
