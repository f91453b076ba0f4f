"""The baseline's page: what it tells of trials, columns, pictures and a service, and what it does without."""

import json
from pathlib import Path

import numpy as np
import pytest
from page_text import Text
from tiny_models import an_image, an_item, detector, image_dataset, people_dataset, regressor

from graduate.components.automl_baseline.report.column_rows import column_rows
from graduate.components.automl_baseline.report.service_rows import service_rows
from graduate.components.automl_baseline.report.trial_rows import judged_by, trial_rows
from graduate.components.automl_baseline.report.write import write_report
from graduate.components.data.dataset import Dataset
from graduate.components.data.items import Box, ColumnType, Task
from graduate.components.models import hyperparameters, leaderboard, predictions
from graduate.components.models.feature_transforms import FeatureTransform
from graduate.components.models.hyperparameters import Hyperparameters
from graduate.components.models.leaderboard import Trial
from graduate.components.reports.scatter import BINS, density

EVIL = "<script>alert(1)</script>"


def a_trial(name: str, validation: dict[str, float], chosen: bool = False, **hyperparameters) -> Trial:
    return Trial(name=name, hyperparameters=hyperparameters, validation=validation, cpu_seconds=2.0, chosen=chosen)


def test_trials_are_judged_by_their_first_metric():
    trials = [a_trial("a", {"log_loss": 0.2, "accuracy": 0.8}), a_trial("b", {"log_loss": 0.4, "accuracy": 0.7})]
    assert judged_by(trials) == "log_loss"
    assert [(row["value"], row["share"]) for row in trial_rows(trials)] == [(0.2, 0.5), (0.4, 1.0)]


def test_a_trial_that_measured_nothing_has_no_bar():
    assert judged_by([a_trial("only", {})]) == ""
    assert trial_rows([a_trial("only", {})])[0]["value"] is None


@pytest.mark.parametrize(
    ("type_", "transform", "statistics", "words"),
    [
        ("number", "dropped", {"reason": "Constant: all values are the same."}, "Constant: all values are the same."),
        (
            "number",
            "numeric",
            {"mean": 2.5, "standard_deviation": 1.0, "minimum": -1.0, "maximum": 7.0, "quantiles": []},
            "-1 to 7, mean 2.5, standard deviation 1",
        ),
        ("boolean", "numeric", {"mean": 0.25, "minimum": 0.0, "maximum": 1.0}, "25 % true"),
        (
            "date",
            "date",
            {"mean": 365.0, "minimum": 0.0, "maximum": 730.0},
            "1970-01-01 to 1972-01-01, mean 1971-01-01",
        ),
        ("category", "one_hot", {"distinct": 3, "vocabulary": ["", "Bern"]}, "2 values (no value, Bern), 1 too rare"),
        ("text", "tfidf", {"vocabulary": ["in", "in time"], "idf": [1.0, 2.0]}, "2 terms (in, in time)"),
    ],
)
def test_the_statistics_of_a_column_are_told_in_words(type_: str, transform, statistics: dict, words: str):
    each = FeatureTransform("a", ColumnType(type_), transform, {"rows": 8, "missing": 2, **statistics})
    (row,) = column_rows([each])
    assert row["statistics"].startswith(words) or words in row["statistics"]
    assert row["missing"] == 0.25


def test_a_model_of_a_service_shows_where_it_is_and_what_it_cost():
    pipeline = "projects/mine/locations/europe-west4/trainingPipelines/12"
    told = service_rows(
        {
            "vertex": {"training_pipeline": pipeline, "batch_prediction_jobs": ["a", "b"], "evaluation": ""},
            "cost_milli_node_hours": 1500,
            "cost_usd": 31.87,
            "exports": {"tflite": {"artifactOutputUri": "gs://bucket/x"}},
        }
    )
    assert told
    assert told["console"].endswith("/locations/europe-west4/training/12?project=mine")
    assert told["resources"] == {"training_pipeline": pipeline, "batch_prediction_jobs": "a, b"}
    assert [fact["value"] for fact in told["facts"]] == ["1.5", "31.87"]
    assert told["exports"] == {"tflite": "gs://bucket/x"}
    assert service_rows({"effort": "fast"}) is None


def test_density_counts_every_item_in_one_cell():
    truth = np.array([0.0, 0.0, 10.0])
    chart = density(truth, truth)
    assert [(column, row) for column, row, _ in chart.cells] == [(0, 0), (BINS - 1, BINS - 1)]
    assert [shade for *_, shade in chart.cells] == pytest.approx([1.0, 0.5**0.5])
    assert density(np.ones(2), np.ones(2)).low == 0.5


def test_the_page_of_a_detector_shows_boxes_and_escapes_labels(tmp_path: Path):
    boxes = [Box(EVIL, 0.1, 0.1, 0.5, 0.9), Box("dog", 0.6, 0.2, 0.9, 0.8)]
    items = [an_item(an_image(tmp_path / f"{n}.png", seed=n), f"{n}.png", boxes) for n in range(8)]
    dataset = Dataset.open(image_dataset(tmp_path / "data", {"test": items}))
    model = detector(tmp_path / "model", parameters={"effort": EVIL})
    answer = {"displayNames": [EVIL, "dog"], "confidences": [0.9, 0.4], "bboxes": [[0.1, 0.5, 0.1, 0.9]] * 2}
    predictions.write(model.predictions("test"), [(item.id, answer) for item in items])  # pyright: ignore[reportArgumentType]
    leaderboard.write(model.leaderboard, [a_trial(EVIL, {"ap50": 0.5}, chosen=True, note=EVIL)])
    write_report(model, dataset, tmp_path / "page.html")
    page = Text(tmp_path / "page.html")
    assert "script" not in page.tags
    assert page.words.count(EVIL) > 10
    # Six of eight images; the second box is wrong, so F1 is highest without it.
    assert page.tags.count("img") == 6
    assert "boxes from confidence 0.9 on" in page.words


def test_the_page_shows_a_regression_with_its_intervals_proof_and_hyperparameters(tmp_path: Path):
    dataset = Dataset.open(people_dataset(tmp_path / "data", {"test": [20.0, 30.0, 40.0]}))
    model = regressor(tmp_path / "model")
    model.metrics, model.metric_intervals = {"rmse": 48104.4, "r2": 0.8}, {"rmse": [46911.2, 49287.3]}
    model.parameters = {"onnx_max_difference": 2e-7, "onnx_tolerance": 1e-5, "nested": {"depth": 3}}
    predictions.write(model.predictions("test"), [(f"test.csv:{n}", {"value": 10.0 * n}) for n in range(2, 5)])
    chosen = Hyperparameters(estimator="lightgbm.LGBMRegressor", hyperparameters={"num_leaves": 31}, note="The best.")
    hyperparameters.write(model.hyperparameters, chosen)
    importance = [
        {"column": "age", "importance": 3.0, "standard_deviation": 0.5},
        {"column": "city", "importance": 0.0},
    ]
    model.importance.write_text(json.dumps({"loss": "rmse", "columns": importance}))
    write_report(model, dataset, tmp_path / "page.html")
    page = Text(tmp_path / "page.html")
    for words in ("48,100 (46,900 to 49,300)", "differ by at most 2e-07 (accepted: 1e-05)", "lightgbm.LGBMRegressor"):
        assert words in page.words
    assert "num_leaves 31" in page.words
    assert "nested, depth 3" in page.words
    # Three cells of the picture, and one deviation.
    assert (page.tags.count("rect"), page.tags.count("u")) == (3, 1)


def test_a_model_without_optional_files_or_predictions_has_a_page(tmp_path: Path):
    dataset = Dataset.open(people_dataset(tmp_path / "data", {"test": []}))
    write_report(regressor(tmp_path / "model"), dataset, tmp_path / "page.html")
    assert "There was nothing to measure on." in Text(tmp_path / "page.html").words


def test_classification_shows_its_surest_mistakes(tmp_path: Path):
    items = [an_item(an_image(tmp_path / f"{n}.png", seed=n), f"{n}.png", labels=["cat"]) for n in range(9)]
    dataset = Dataset.open(image_dataset(tmp_path / "data", {"test": items}, Task.IMAGE_CLASSIFICATION))
    model = detector(tmp_path / "model")
    answers = [
        (item.id, {"displayNames": ["dog", "cat"], "confidences": [0.5 + n / 20, 0.5 - n / 20]})
        for n, item in enumerate(items)
    ]
    predictions.write(model.predictions("test"), answers)  # pyright: ignore[reportArgumentType]
    write_report(model, dataset, tmp_path / "page.html")
    page = Text(tmp_path / "page.html")
    assert page.tags.count("img") == 6
    assert "8.png: cat, predicted dog (0.90)" in page.words
    assert "2.png" not in page.words
