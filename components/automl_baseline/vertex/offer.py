"""What is asked of the service, checked in full before the first call to it."""

import difflib
from dataclasses import dataclass

from ...data.dataset import Dataset
from ...data.items import SPLITS, Task
from ...errors import InputError
from ...models.metrics import truths
from ...vertex.forms import check_forms, labels_of
from .prices import PRICE_PAGE, RATES, Kind, Rate
from .series import check_series
from .settings import VertexSettings

_EDGE = ("MOBILE_TF_LOW_LATENCY_1", "MOBILE_TF_VERSATILE_1", "MOBILE_TF_HIGH_ACCURACY_1")
# The first is the service's default. Those of Model Garden, which the SDK takes too, want a trainer's configuration.
_MODEL_TYPES = {
    Task.IMAGE_CLASSIFICATION: ("CLOUD", "CLOUD_1", *_EDGE),
    Task.OBJECT_DETECTION: ("CLOUD_HIGH_ACCURACY_1", "CLOUD_LOW_LATENCY_1", "CLOUD_1", *_EDGE),
}
_KINDS: dict[Task, Kind] = {
    Task.TABULAR_CLASSIFICATION: "tabular",
    Task.TABULAR_REGRESSION: "tabular",
    Task.TABULAR_FORECASTING: "forecasting",
    Task.IMAGE_CLASSIFICATION: "image classification",
    Task.OBJECT_DETECTION: "object detection",
}
# https://cloud.google.com/vertex-ai/docs/tabular-data/classification-regression/prepare-data
_LEAST_ROWS = 1_000


@dataclass(frozen=True)
class Offer:
    """A training that the service will take.

    Attributes:
        kind: of training, by which it is paid.
        budget_milli_node_hours: within the kind's limits.
        model_type: of an image model; "" for tables.
        labels: of the user.
    """

    kind: Kind
    budget_milli_node_hours: int
    model_type: str
    labels: dict[str, str]

    @property
    def rate(self) -> Rate:
        """Limits and price."""
        return RATES[self.kind]

    def announce(self) -> None:
        """Prints what it costs at most."""
        hours = self.budget_milli_node_hours / 1000
        print(
            f"AutoML training ({self.kind}) for at most {hours:g} node hours at {self.rate.usd_per_node_hour:.3f} USD: "
            f"at most {self.rate.price(self.budget_milli_node_hours):,.2f} USD list price, without storage and "
            f"prediction (check {PRICE_PAGE}).",
            flush=True,
        )


def checked(dataset: Dataset, settings: VertexSettings) -> Offer:
    """Checks the settings against what the service takes.

    Args:
        dataset: to train on.
        settings: of the user.

    Raises:
        InputError: a setting cannot be used, or the service does not train on such data.
    """
    _check_task(dataset)
    _check_measurable(dataset)
    check_forms(settings)
    model_type = _model_type(dataset.task, settings.model_type)
    kind = "edge images" if model_type in _EDGE else _KINDS[dataset.task]
    rate, budget = RATES[kind], settings.budget_milli_node_hours or RATES[kind].least
    if not rate.least <= budget <= rate.most:
        raise InputError(
            f"vertex_budget_milli_node_hours is {budget:,}: for {kind} the service takes {rate.least:,} to "
            f"{rate.most:,} ({rate.price(rate.least):,.2f} to {rate.price(rate.most):,.2f} USD list price)."
        )
    if settings.disable_early_stopping and kind == "forecasting":
        raise InputError("vertex_disable_early_stopping is set, but AutoML's forecasts do not know it: leave it out.")
    if settings.network:
        print(f"AutoML trains in Google's own network and takes no other: {settings.network} is not used.", flush=True)
    return Offer(kind, budget, model_type, labels_of(settings.labels))


def _check_task(dataset: Dataset) -> None:
    if dataset.task is Task.TEXT_CLASSIFICATION:
        raise InputError(
            "engine=vertex cannot train on texts: Google has switched AutoML Text off. Use engine=local, or tune a "
            "Gemini model (https://cloud.google.com/vertex-ai/generative-ai/docs/models/tune-models)."
        )
    if dataset.task is Task.TABULAR_FORECASTING:
        check_series(dataset)
    if not dataset.task.is_image and (rows := sum(dataset.counts.values())) < _LEAST_ROWS:
        raise InputError(
            f"{dataset.path} has {rows:,} rows, and AutoML wants at least {_LEAST_ROWS:,}: add rows, or use "
            "engine=local."
        )
    if empty := [split for split in SPLITS if not dataset.counts[split]]:
        raise InputError(
            f"{dataset.path} has no items for {' and '.join(empty)}, and AutoML wants some in every split: add items, "
            "or let the importer choose the splits."
        )


def _check_measurable(dataset: Dataset) -> None:
    """The model could not be measured otherwise, after it was paid for."""
    if dataset.task is Task.OBJECT_DETECTION:
        is_measurable = any(item.usable_boxes() for item in dataset.items("test"))
    else:
        is_measurable = bool(truths(dataset, "test"))
    if not is_measurable:
        raise InputError(f"{dataset.path}: no item of the test split is labelled: add some to measure on.")


def _model_type(task: Task, wanted: str) -> str:
    if task not in _MODEL_TYPES:
        if wanted:
            raise InputError(f"vertex_model_type is {wanted!r}: only image models have types, leave it out for {task}.")
        return ""
    types = _MODEL_TYPES[task]
    if not wanted:
        return types[0]
    if wanted not in types:
        near = difflib.get_close_matches(wanted.upper(), types, n=1)
        hint = f"did you mean {near[0]}?" if near else f"use one of {', '.join(types)}."
        raise InputError(f"vertex_model_type is {wanted!r}: {hint}")
    return wanted
