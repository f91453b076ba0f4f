"""The training pipelines of AutoML, by the job classes of the SDK."""

from typing import Any

from google.api_core.exceptions import NotFound
from google.cloud import aiplatform

from ...data.items import Task
from ...vertex.connect import patiently
from ...vertex.jobs import JobKind
from .images import ML_USE_LABEL
from .material import ML_USE, SPLIT_COLUMN
from .plan import Plan
from .series import forecast_arguments, series_transformations
from .tables import service_names, transformations

_CREATE_TIMEOUT_SECONDS = 120.0
_FILTERS = {"train": "training_filter_split", "validation": "validation_filter_split", "test": "test_filter_split"}


class _Submitted:
    """Lets `run` of the SDK's jobs return when the pipeline is created; the SDK has `submit` for custom jobs only."""

    def _get_model(self, block: bool = True) -> Any:
        # `run` would wait here. Not None, which it would warn of.
        return False


class _Tabular(_Submitted, aiplatform.AutoMLTabularTrainingJob): ...


class _Forecasting(_Submitted, aiplatform.AutoMLForecastingTrainingJob): ...


class _Image(_Submitted, aiplatform.AutoMLImageTrainingJob): ...


def training_kind(plan: Plan) -> JobKind:
    """Training pipelines such as the plan's, as `jobs` runs them."""

    def cost(fields: dict[str, Any]) -> str:
        spent, budget = cost_milli_node_hours(fields), plan.offer.budget_milli_node_hours
        so_far = "" if spent is None else f"{spent / 1000:g} of "
        return f", {so_far}at most {budget / 1000:g} node hours ({plan.offer.rate.price(budget):,.2f} USD)"

    task = plan.dataset.task
    sdk = _Image if task.is_image else _Forecasting if task is Task.TABULAR_FORECASTING else _Tabular
    return JobKind("training", "TrainingPipeline", sdk, sdk.get, _has_model, cost)


def cost_milli_node_hours(fields: dict[str, Any]) -> int | None:
    """What a training has cost, by the fields of its pipeline; None where they do not tell it."""
    metadata = fields.get("trainingTaskMetadata", {})
    # Of tables, and of images; a text, as JSON has no integers of 64 bits.
    cost = metadata.get("trainCostMilliNodeHours", metadata.get("costMilliNodeHours"))
    return None if cost is None else int(float(cost))


def launch_training(plan: Plan, on_service: Any) -> Any:
    """Creates the training pipeline and does not wait for it.

    Args:
        plan: of the training.
        on_service: the SDK's data set.

    Returns:
        The SDK's job.
    """
    task = plan.dataset.task
    common: dict[str, Any] = {
        "dataset": on_service,
        "budget_milli_node_hours": plan.offer.budget_milli_node_hours,
        "model_display_name": plan.name,
        "model_labels": plan.labels(plan.key),
        "create_request_timeout": _CREATE_TIMEOUT_SECONDS,
    }
    if task is Task.TABULAR_FORECASTING:
        job = _forecasting_job(plan)
        job.run(**common, **forecast_arguments(plan.dataset), predefined_split_column_name=SPLIT_COLUMN)
        return job
    common["disable_early_stopping"] = plan.settings.disable_early_stopping
    if task.is_image:
        job = _image_job(plan)
        for split, argument in _FILTERS.items():
            common[argument] = f"labels.{ML_USE_LABEL}={ML_USE[split]}"
        job.run(**common)
        return job
    job = _tabular_job(plan)
    target = service_names(plan.dataset)[plan.dataset.label_column]
    job.run(**common, target_column=target, predefined_split_column_name=SPLIT_COLUMN)
    return job


def _common(plan: Plan) -> dict[str, Any]:
    """What the constructors of all jobs take."""
    key = plan.settings.encryption_key or None
    return {
        "display_name": plan.name,
        "labels": plan.labels(plan.key),
        "training_encryption_spec_key_name": key,
        "model_encryption_spec_key_name": key,
    }


def _tabular_job(plan: Plan) -> _Tabular:
    is_regression = plan.dataset.task.predicts_numbers
    return _Tabular(
        optimization_prediction_type="regression" if is_regression else "classification",
        # The same for two labels and for more, and what probabilities are judged by later.
        optimization_objective="minimize-rmse" if is_regression else "minimize-log-loss",
        column_transformations=transformations(plan.dataset, plan.transforms),
        **_common(plan),
    )


def _forecasting_job(plan: Plan) -> _Forecasting:
    return _Forecasting(
        optimization_objective="minimize-rmse",
        column_transformations=series_transformations(plan.dataset),
        **_common(plan),
    )


def _image_job(plan: Plan) -> _Image:
    is_detection = plan.dataset.task is Task.OBJECT_DETECTION
    return _Image(
        prediction_type="object_detection" if is_detection else "classification",
        multi_label=plan.dataset.is_multi_label,
        model_type=plan.offer.model_type,
        **_common(plan),
    )


def _has_model(fields: dict[str, Any]) -> bool:
    """Whether the model of a succeeded training is still in the registry."""
    try:
        patiently(lambda: aiplatform.Model(fields["modelToUpload"]["name"]))
    except NotFound:
        return False
    return True
