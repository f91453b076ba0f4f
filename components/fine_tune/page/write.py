"""The training page: what was trained and from what, how it went, and what the model now gets right and wrong."""

from pathlib import Path

from ...data.dataset import Dataset
from ...data.items import Task
from ...models import history, predictions
from ...models.folder import ModelFolder
from ...models.metrics import truths
from ...reports.curves import charts
from ...reports.metric_rows import metric_rows
from ...reports.page import render, write_page
from .detected import DetectionEvidence, detected
from .labelled import LabelEvidence, labelled
from .levers import TOLD, levers
from .multi_labelled import MultiLabelEvidence, multi_labelled
from .valued import ValueEvidence, valued
from .weights import weights

Evidence = DetectionEvidence | LabelEvidence | MultiLabelEvidence | ValueEvidence


def write_page_of_training(model: ModelFolder, dataset: Dataset, page: Path) -> None:
    """Writes the page of a trained model, from what is in its folder and in the data set alone.

    Args:
        model: its `history.jsonl`, `predictions/test.jsonl`, `variables.json` and `config.yaml` are shown where they
            are there, as are its `parameters`; docs/fine-tuning.md says which of them have a place of their own.
        dataset: that it was trained on.
        page: the HTML file to write.

    Raises:
        InputError: the predictions are not those of the data set's test split, or a test image has changed.
    """
    noted = dict.fromkeys(TOLD) | model.parameters
    unfrozen = model.parameters.get("unfreeze_at_step") or []
    stages = unfrozen if isinstance(unfrozen, list) else [unfrozen]
    curves = history.read(model.path) if (model.path / history.FILE).is_file() else {}
    html = render(
        "fine_tune/page/page.html",
        title="Fine-tuning",
        model=model,
        noted=noted,
        counts=dataset.counts,
        items="images" if dataset.task.is_image else "rows",
        metric_rows=metric_rows(model.metrics, model.metric_intervals),
        stages=stages,
        charts=charts(curves, noted["best_step"], stages),
        weights=weights(model.variables),
        levers=levers(model),
        evidence=_evidence(model, dataset),
    )
    write_page(page, html)


def _evidence(model: ModelFolder, dataset: Dataset) -> Evidence | None:
    """What the task shows of the test split; None where there is nothing to show."""
    if not model.predictions("test").is_file():
        return None
    found = dict(predictions.read(model.predictions("test")))
    if dataset.task is Task.OBJECT_DETECTION:
        return detected(dataset, found)
    truth = {identity: value for identity, value in truths(dataset, "test").items() if identity in found}
    if not truth:
        return None
    if dataset.task.predicts_numbers:
        return valued(dataset, truth, found)
    if dataset.is_multi_label:
        return multi_labelled(dataset, model.labels, truth, found)
    return labelled(dataset, truth, found)
