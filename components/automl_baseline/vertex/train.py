"""The engine `vertex`: AutoML trains the baseline, and all that is known of it is read back."""

from pathlib import Path
from typing import Any

from google.cloud import aiplatform

from ...data.dataset import Dataset
from ...data.items import Task
from ...models.folder import ModelFolder
from ...vertex.connect import connect, patiently, refusals_as_sentences
from ...vertex.gcp_resources import GcpResources
from ...vertex.jobs import Runner
from .batch import BatchResults, predict_on_service
from .datasets import service_dataset
from .evaluation import evaluation_of, own_metrics, same_metrics, write_importance
from .exports import export_model
from .images import upload_images
from .logged import logged_hyperparameters
from .material import Material
from .offer import Offer
from .plan import Plan, make_plan
from .read_back import empty_folder, write_predictions, write_search
from .series import upload_series
from .settings import VertexSettings
from .tables import service_names, upload_table
from .training import cost_milli_node_hours, launch_training, training_kind


def train_on_vertex(
    dataset: Dataset,
    output: Path,
    settings: VertexSettings,
    gcp_resources: Path | None = None,
    seed: int = 0,
    poll_seconds: float = 60.0,
) -> ModelFolder:
    """Trains with AutoML on the very splits of the data set, and measures the model on our test split.

    A job that runs already, or has run, for the same data and settings is gone on with instead of being paid again.
    SIGTERM and Ctrl-C cancel the running job.

    Args:
        dataset: any but texts, with items in every split.
        output: the model folder to write. It has no training predictions and no label probabilities: the service's are
            of what the model has learned from.
        settings: where, for how much, as whom.
        gcp_resources: file for the resource names of the jobs, written before they are waited for.
        seed: AutoML takes none; another one trains another model.
        poll_seconds: from one look at a job to the next, at most.

    Returns:
        The model folder, saved; framework `vertex`, the resource names in `parameters["vertex"]`. A model that
        predicts outside of the service only (edge types) has no predictions, and of metrics only those of the service's
        own that mean the same.

    Raises:
        InputError: the data or the settings cannot be used, found before the first call; or the account lacks a right.
        FinalError: a job failed, or the service refuses it.
    """
    plan = make_plan(dataset, settings, seed)
    plan.offer.announce()
    runner = Runner(GcpResources(gcp_resources), poll_seconds)
    with refusals_as_sentences():
        connect(settings.project, settings.location)
        material = _upload(dataset, plan.folder)
        job = _train(plan, material, runner)
        trained = patiently(lambda: aiplatform.Model(job["modelToUpload"]["name"]))
        results = predict_on_service(plan, trained, material, runner)
        exports = export_model(plan, trained)
        evaluation = evaluation_of(trained)
        chosen = logged_hyperparameters(dataset.task, settings.project, trained.resource_name, job["name"])
    model = empty_folder(output, plan)
    if results.jobs:
        write_predictions(model, dataset, results)
    else:
        model.metrics = same_metrics(evaluation)
    write_search(model, dataset, chosen)
    if not dataset.task.is_image:
        write_importance(evaluation, service_names(dataset), model.importance)
    model.parameters = _parameters(plan.offer, job, results, evaluation, exports)
    model.save()
    return model


def _upload(dataset: Dataset, folder: str) -> Material:
    if dataset.task.is_image:
        return upload_images(dataset, folder)
    return upload_series(dataset, folder) if dataset.task is Task.TABULAR_FORECASTING else upload_table(dataset, folder)


def _train(plan: Plan, material: Material, runner: Runner) -> dict[str, Any]:
    """The fields of the succeeded training pipeline."""

    def launch() -> Any:
        return launch_training(plan, service_dataset(plan, material))

    return runner.run(training_kind(plan), plan.key, launch).to_dict()


def _parameters(
    offer: Offer, job: dict[str, Any], results: BatchResults, evaluation: dict[str, Any], exports: dict[str, Any]
) -> dict[str, Any]:
    place, cost = job["name"].rpartition("/trainingPipelines/")[0], cost_milli_node_hours(job)
    return {
        "vertex": {
            "model": job["modelToUpload"]["name"],
            "dataset": f"{place}/datasets/{job['inputDataConfig']['datasetId']}",
            "training_pipeline": job["name"],
            "batch_prediction_jobs": results.jobs,
            "evaluation": evaluation.get("name", ""),
        },
        "model_type": offer.model_type,
        "budget_milli_node_hours": offer.budget_milli_node_hours,
        "cost_milli_node_hours": cost,
        "cost_usd": None if cost is None else round(offer.rate.price(cost), 2),
        "usd_per_node_hour": offer.rate.usd_per_node_hour,
        "service_metrics": own_metrics(evaluation),
        "service_metrics_as_ours": same_metrics(evaluation),
        "failed_predictions": len(results.failures),
        "exports": exports,
    }
