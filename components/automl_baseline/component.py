"""The doors of the baseline: one interface, and an image for each way to train it."""

from typing import NamedTuple

from kfp import dsl

from ..artifacts import VertexDataset, VertexModel
from ..images import image


def automl_baseline(
    dataset: dsl.Input[dsl.Dataset],
    model: dsl.Output[dsl.Model],
    page: dsl.Output[dsl.HTML],
    metrics: dsl.Output[dsl.Metrics],
    classification_metrics: dsl.Output[dsl.ClassificationMetrics],
    vertex_model: dsl.Output[VertexModel],
    vertex_dataset: dsl.Output[VertexDataset],
    gcp_resources: dsl.OutputPath(str),  # pyright: ignore[reportInvalidTypeForm]
    engine: str = "local",
    effort: str = "fast",
    time_limit: int = 0,
    checkpoint: str = "",
    seed: int = 0,
    vertex_project: str = "",
    vertex_location: str = "us-central1",
    vertex_staging: str = "",
    vertex_budget_milli_node_hours: int = 0,
    vertex_model_type: str = "",
    vertex_network: str = "",
    vertex_encryption_key: str = "",
    vertex_service_account: str = "",
    vertex_labels: str = "",
    vertex_export_formats: str = "",
    vertex_export_image: str = "",
    vertex_disable_early_stopping: bool = False,
) -> NamedTuple("Outputs", [("runtime", str)]):  # pyright: ignore[reportInvalidTypeForm]
    """Trains a baseline without any choices to make, and measures it on the test split.

    Args:
        dataset: The dataset artifact that import_dataset wrote.
        model: Model folder: the model, its predictions of every split (train: out of fold), what it believes of each
            label, the leaderboard, the hyperparameters, and for tables feature transforms and importance.
        page: Metrics, leaderboard, importance and what was done to the columns.
        metrics: Metrics on the test split, and the ends of their 95 % intervals.
        classification_metrics: Confusion matrix on the test split; empty where the task is no classification.
        vertex_model: The model in Vertex AI's registry; empty with the engine local.
        vertex_dataset: The data set on Vertex AI; empty with the engine local.
        gcp_resources: Resource name of the job that the service trains with, in the form of Google's own components.
        engine: Where to train: local, or vertex.
        effort: How much the local engine tries: fast, standard, thorough, or for tables autogluon.
        time_limit: A ceiling on top of that, in seconds, looked at between trials; 0 for none.
        checkpoint: Weights of the frozen backbone (images): a path or gs:// URI of Keras weights, imagenet, or empty.
        seed: Of everything random.
        vertex_project: Google Cloud project that the engine vertex trains in.
        vertex_location: Its region.
        vertex_staging: gs:// URI for the data and the exports of the engine vertex.
        vertex_budget_milli_node_hours: What its training may spend; 0 for the least that the service takes.
        vertex_model_type: Type of an image model, as the service names it; empty for its default.
        vertex_network: Full name of the VPC network.
        vertex_encryption_key: Resource name of the customer-managed key.
        vertex_service_account: Account that its jobs run as.
        vertex_labels: Labels of all that it makes, as key=value,key=value.
        vertex_export_formats: Formats to export the model in, separated by commas; empty for all that it offers.
        vertex_export_image: Address in Artifact Registry for a model that is offered as a container image; empty to
            leave that out.
        vertex_disable_early_stopping: Whether to spend the whole budget even when the model no longer gets better.

    Returns:
        runtime: "onnx", or "vertex" where only the service can predict with the model.
    """
    from graduate.components.artifacts import refer
    from graduate.components.automl_baseline.train import confusion_on_test, train_baseline
    from graduate.components.automl_baseline.vertex.settings import VertexSettings
    from graduate.components.errors import final_errors_as_sentences
    from graduate.components.reports.metrics import log_confusion, log_metrics, with_intervals

    with final_errors_as_sentences():
        trained = train_baseline(
            dataset=dataset.path,
            output=model.path,
            page=page.path,
            engine=engine,
            effort=effort,
            time_limit=time_limit,
            checkpoint=checkpoint,
            seed=seed,
            gcp_resources=gcp_resources,
            vertex=VertexSettings(
                project=vertex_project,
                location=vertex_location,
                staging=vertex_staging,
                budget_milli_node_hours=vertex_budget_milli_node_hours,
                model_type=vertex_model_type,
                network=vertex_network,
                encryption_key=vertex_encryption_key,
                service_account=vertex_service_account,
                labels=vertex_labels,
                export_formats=vertex_export_formats,
                export_image=vertex_export_image,
                disable_early_stopping=vertex_disable_early_stopping,
            ),
        )
        log_metrics(metrics, with_intervals(trained.metrics, trained.metric_intervals))
        log_confusion(classification_metrics, confusion_on_test(dataset.path, trained))
    resources = trained.parameters.get("vertex", {})
    refer(vertex_model, resources.get("model", ""))
    refer(vertex_dataset, resources.get("dataset", ""))
    return ("vertex" if trained.framework == "vertex" else "onnx",)  # pyright: ignore[reportReturnType]


automl_baseline_tables = dsl.component(base_image=image("automl"), install_kfp_package=False)(automl_baseline)
automl_baseline_autogluon = dsl.component(base_image=image("autogluon"), install_kfp_package=False)(automl_baseline)
automl_baseline_images = dsl.component(base_image=image("tensorflow"), install_kfp_package=False)(automl_baseline)
