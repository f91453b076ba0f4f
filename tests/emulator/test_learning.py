"""What evaluations say is right, and data are split as they are asked to be."""

from typing import Any

import numpy as np
import pytest
from google.cloud.aiplatform_v1 import types
from sklearn import metrics as known

from graduate.emulator import metrics
from graduate.emulator.boxes import Found, detection
from graduate.emulator.import_files import ML_USE
from graduate.emulator.learning import nearest
from graduate.emulator.splits import split

ROWS = [
    {"at": f"2024-01-{day:02}", "use": use} for day, use in zip(range(1, 21), ["TEST", "training"] * 10, strict=True)
]


@pytest.fixture
def scores() -> np.ndarray:
    return np.random.default_rng(5).dirichlet([1, 1, 1], 300).round(2)


def test_classification_metrics_are_those_of_scikit_learn(scores: np.ndarray) -> None:
    labels = np.random.default_rng(6).integers(0, 3, len(scores))
    truth = np.eye(3, dtype=bool)[labels]

    found = metrics.classification("abc", truth, scores, exclusive=True)
    assert found["auRoc"] == pytest.approx(known.roc_auc_score(truth.ravel(), scores.ravel()))
    assert found["logLoss"] == pytest.approx(
        -np.log(np.clip(scores, 1e-7, None)[np.arange(len(scores)), labels]).mean()
    )
    assert found["confusionMatrix"]["rows"] == known.confusion_matrix(labels, scores.argmax(axis=1)).tolist()
    half = next(entry for entry in found["confidenceMetrics"] if entry["confidenceThreshold"] == 0.5)
    expected = known.precision_recall_fscore_support(truth.ravel(), scores.ravel() >= 0.5, average="binary")
    assert (half["precision"], half["recall"], half["f1Score"]) == pytest.approx(expected[:3])


def test_average_precision_is_that_of_scikit_learn() -> None:
    chance = np.random.default_rng(7)
    hits, scores = chance.random(200) < 0.3, chance.permutation(200) / 200

    expected = known.average_precision_score(hits, scores)
    assert metrics.average_precision(hits, scores, int(hits.sum())) == pytest.approx(expected)


def test_regression_metrics_are_those_of_scikit_learn() -> None:
    chance = np.random.default_rng(8)
    truth = chance.uniform(1, 9, 100)
    predicted = truth + chance.normal(0, 0.5, 100)

    found = metrics.regression(truth, predicted)
    assert found["rootMeanSquaredError"] == pytest.approx(known.root_mean_squared_error(truth, predicted))
    assert found["meanAbsolutePercentageError"] == pytest.approx(
        100 * known.mean_absolute_percentage_error(truth, predicted)
    )
    assert found["rootMeanSquaredLogError"] == pytest.approx(known.root_mean_squared_log_error(truth, predicted))


def test_metrics_that_are_not_defined_are_left_out() -> None:
    assert set(metrics.regression(np.array([0.0, -1.0]), np.array([1.0, 1.0]))) == {
        "rootMeanSquaredError",
        "meanAbsoluteError",
    }


def test_a_box_that_is_half_right_counts_where_half_is_enough() -> None:
    truth = [Found(["cat"], [(0, 0, 1, 1)])]
    # One half of the true box, a second box upon it, and one of another label.
    boxes = [(0, 0, 0.5, 1), (0, 0, 0.4, 1), (0, 0, 1, 1)]
    found = detection(truth, [Found(["cat", "cat", "dog"], boxes, [0.9, 0.5, 0.8])])

    precision = {entry["iouThreshold"]: entry["meanAveragePrecision"] for entry in found["boundingBoxMetrics"]}
    assert [precision[at] for at in (0.45, 0.5, 0.55)] == [1, 1, 0]
    at_half = next(entry for entry in found["boundingBoxMetrics"] if entry["iouThreshold"] == 0.5)
    sure = next(entry for entry in at_half["confidenceMetrics"] if entry["confidenceThreshold"] == 0.6)
    assert (sure["precision"], sure["recall"]) == (0.5, 1)


def test_the_nearest_come_first() -> None:
    indices, distances = nearest(np.array([[0.0], [5.0], [2.0]]), np.array([[1.5]] * 300), 2)

    assert indices[-1].tolist() == [2, 0]
    assert distances[-1] == pytest.approx([0.5, 1.5])


@pytest.mark.parametrize(
    ("config", "sizes", "first_test"),
    [
        ({}, (16, 2, 2), None),
        (
            {"fraction_split": {"training_fraction": 0.5, "validation_fraction": 0.25, "test_fraction": 0.25}},
            (10, 5, 5),
            None,
        ),
        ({"predefined_split": {"key": "use"}}, (10, 0, 10), "2024-01-01"),
        ({"timestamp_split": {"key": "at"}}, (16, 2, 2), "2024-01-19"),
    ],
)
def test_rows_are_split_as_asked(config: dict[str, Any], sizes: tuple[int, ...], first_test: str | None) -> None:
    parts = split(ROWS, types.InputDataConfig(config), dict, "", "")

    assert (len(parts.training), len(parts.validation), len(parts.test)) == sizes
    assert first_test in (None, parts.test[0]["at"])
    assert parts == split(ROWS, types.InputDataConfig(config), dict, "", "")


def test_images_are_split_by_filters_or_by_what_their_file_says() -> None:
    uses = ["training", "test", "validation", ""]
    filters = {
        "training_filter": f"labels.{ML_USE}=test",
        "validation_filter": "-",
        "test_filter": f"labels.{ML_USE}=training",
    }

    by_filter = split(uses, types.InputDataConfig(filter_split=filters), lambda use: {ML_USE: use}, ML_USE, "")
    assert (by_filter.training, by_filter.validation, by_filter.test) == (["test"], [], ["training"])
    by_file = split(uses, types.InputDataConfig(), lambda use: {ML_USE: use}, ML_USE, "")
    assert (by_file.training, by_file.validation, by_file.test) == (["training", ""], ["validation"], ["test"])
