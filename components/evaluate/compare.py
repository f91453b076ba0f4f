"""The comparison: both models' stored predictions on one frozen test split, with the evidence.

Only stored predictions are read and no model is run, so a model that lives in the cloud takes part too.
"""

import json
from pathlib import Path
from typing import Any, Literal, NotRequired, TypedDict

from ..data.dataset import Dataset
from ..data.storage import write_atomically
from ..errors import InputError
from ..models import predictions as prediction_files
from ..models.folder import ModelFolder
from ..models.metrics import HIGHER_IS_BETTER, Confusion, default_metric, is_better
from ..models.predictions import Prediction
from ..reports.page import render, write_page
from .bootstrap import Difference, difference
from .evidence import page_evidence
from .scores import SPLIT, ClassificationScores, Scores, scores


class Contestant(TypedDict):
    """One model's figures on the test split."""

    name: str
    metrics: dict[str, float]
    per_label: dict[str, float]
    confusion: NotRequired[Confusion]


class Evaluation(TypedDict):
    """What evaluation.json holds; `better` is "baseline" on a tie, since it costs nothing more."""

    metric: str
    baseline: Contestant
    custom: Contestant
    difference: Difference
    better: Literal["custom", "baseline"]
    test_items: int
    measured_items: int
    seed: int


def compare(dataset: str, baseline: str, custom: str, output: str, page: str, seed: int = 0) -> Evaluation:
    """Compares two models on the test split of a data set.

    Args:
        dataset: the data set's folder.
        baseline: model folder of the baseline, with predictions/test.jsonl.
        custom: model folder of the custom model, with predictions/test.jsonl.
        output: folder to write evaluation.json to.
        page: file to write the page (HTML) to.
        seed: seed of the bootstrap.

    Returns:
        What was written to evaluation.json.

    Raises:
        InputError: a model was measured on another test split or does not predict each of its items exactly once.
    """
    data = Dataset.open(dataset)
    models = {"baseline": ModelFolder.open(baseline), "custom": ModelFolder.open(custom)}
    scored = {role: _score(data, model) for role, model in models.items()}
    evaluation = _judge(data, models, scored, seed)
    html = render(
        "evaluate/page.html",
        title="Custom model against baseline",
        evaluation=evaluation,
        higher_is_better=HIGHER_IS_BETTER[evaluation["metric"]],
        metric_rows=_metric_rows(evaluation),
        per_label=_per_label_rows(evaluation),
        models=models,
        scores=scored,
        **page_evidence(scored["baseline"], scored["custom"], data, seed),
    )
    write_page(page, html)
    Path(output).mkdir(parents=True, exist_ok=True)
    with write_atomically(Path(output) / "evaluation.json") as file:
        Path(file).write_text(json.dumps(evaluation, indent=2, ensure_ascii=False, allow_nan=False) + "\n", "utf-8")
    return evaluation


def _judge(data: Dataset, models: dict[str, ModelFolder], scored: dict[str, Scores], seed: int) -> Evaluation:
    metric = default_metric(data)
    baseline, custom = scored["baseline"], scored["custom"]
    custom_wins = is_better(metric, custom.metrics[metric], baseline.metrics[metric])
    return {
        "metric": metric,
        "baseline": _contestant(models["baseline"], baseline),
        "custom": _contestant(models["custom"], custom),
        "difference": difference(baseline, custom, metric, seed),
        "better": "custom" if custom_wins else "baseline",
        "test_items": data.counts[SPLIT],
        "measured_items": custom.count,
        "seed": seed,
    }


def _contestant(model: ModelFolder, scored: Scores) -> Contestant:
    contestant: Contestant = {"name": model.name, "metrics": scored.metrics, "per_label": scored.per_label}
    if isinstance(scored, ClassificationScores):
        contestant["confusion"] = scored.confusion
    return contestant


def _metric_rows(evaluation: Evaluation) -> list[dict[str, Any]]:
    """Rows of the macro `metric_table`: baseline, custom."""
    rows = []
    for metric, custom in evaluation["custom"]["metrics"].items():
        baseline = evaluation["baseline"]["metrics"].get(metric)
        best = None if baseline is None or baseline == custom else int(is_better(metric, custom, baseline))
        rows.append({"name": metric, "values": [baseline, custom], "best": best})
    return rows


def _per_label_rows(evaluation: Evaluation) -> list[tuple[str, float, float]]:
    """(label, baseline, custom) of every label that either model was measured on."""
    baseline, custom = evaluation["baseline"]["per_label"], evaluation["custom"]["per_label"]
    return [(label, baseline.get(label, 0.0), custom.get(label, 0.0)) for label in sorted(baseline | custom)]


def _score(data: Dataset, model: ModelFolder) -> Scores:
    if model.task is not data.task:
        raise InputError(f"{model.path} is a model for {model.task}, but the data set is for {data.task}")
    if model.dataset_digests.get(SPLIT) != data.digests[SPLIT]:
        raise InputError(
            f"{model.path} was measured on another test split than that of {data.path}: "
            "train it again on this data set, so that both models are compared on the same items"
        )
    return scores(data, model.labels, _predictions_once_each(data, model))


def _predictions_once_each(data: Dataset, model: ModelFolder) -> dict[str, Prediction]:
    path = model.predictions(SPLIT)
    if not path.is_file():
        raise InputError(f"{model.path} has no predictions/{SPLIT}.jsonl: predict the test split with this model")
    expected = _item_ids(data)
    predictions: dict[str, Prediction] = {}
    for identity, prediction in prediction_files.read(path):
        if identity in predictions or identity not in expected:
            fault = "is predicted twice" if identity in predictions else "is not in the test split"
            raise InputError(f"{path}: item {identity!r} {fault}; predict the test split again")
        predictions[identity] = prediction
    absent = sorted(expected - predictions.keys())
    if absent:
        raise InputError(
            f"{path}: {len(absent)} of {len(expected)} test items are not predicted, the first is {absent[0]!r}; "
            "predict the test split again"
        )
    return predictions


def _item_ids(data: Dataset) -> set[str]:
    if data.task.is_image:
        return {item.id for item in data.items(SPLIT)}
    return set(data.table(SPLIT, columns=["__id__"])["__id__"].to_pylist())
