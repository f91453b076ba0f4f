"""Metrics against figures worked out by hand."""

import math

import numpy as np
import pytest
import tiny_tables

from graduate.components.data.items import Task
from graduate.components.errors import InputError
from graduate.components.models.metrics import classification_metrics, is_better, measure, truths


def test_classification_metrics_of_a_small_case():
    probabilities = np.array([[0.75, 0.25], [0.5, 0.5], [0.25, 0.75]])
    found = classification_metrics(["a", "b", "b"], probabilities, ["a", "b"])
    assert found["accuracy"] == pytest.approx(2 / 3)
    assert found["log_loss"] == pytest.approx(-(2 * math.log(0.75) + math.log(0.5)) / 3)
    assert found["macro_f1"] == pytest.approx(2 / 3)
    assert found["roc_auc"] == pytest.approx(1.0)


def test_a_label_that_the_model_has_never_seen_counts_as_wrong():
    found = classification_metrics(["a", "new"], np.array([[1.0, 0.0], [1.0, 0.0]]), ["a", "b"])
    assert found["accuracy"] == 0.5
    assert "roc_auc" not in found


def test_roc_auc_of_several_labels_is_one_against_the_rest():
    found = classification_metrics(["a", "b", "c"], np.eye(3, dtype=np.float32), ["a", "b", "c"])
    assert found["roc_auc"] == 1.0


def test_regression_is_measured_in_the_unit_of_the_label():
    found = measure(Task.TABULAR_REGRESSION, [], {"x": 1.0, "y": 3.0}, [("x", {"value": 1.0}), ("y", {"value": 5.0})])
    assert found == {"rmse": pytest.approx(math.sqrt(2)), "mae": 1.0, "r2": pytest.approx(-1.0)}


def test_an_item_without_prediction_is_an_error_that_names_it():
    with pytest.raises(InputError, match=r"table\.csv:3"):
        measure(Task.TABULAR_REGRESSION, [], {"a": 1.0, "table.csv:3": 1.0}, [("a", {"value": 1.0})])


def test_lower_is_better_for_errors_and_higher_for_shares():
    assert is_better("rmse", 1.0, than=2.0)
    assert is_better("ap50", 0.9, than=0.8)
    assert not is_better("accuracy", 0.8, than=0.8)
    with pytest.raises(InputError, match="acuracy"):
        is_better("acuracy", 1, than=0)


def test_rows_without_a_label_have_no_truth(tmp_path):
    column = tiny_tables.label_column(Task.TABULAR_REGRESSION, "y")
    rows = [{"y": 1.5}, {"y": None}]
    data = tiny_tables.table_dataset(tmp_path / "d", Task.TABULAR_REGRESSION, [column], rows, {"test": 2})
    assert truths(data, "test") == {"table.csv:2": 1.5}
