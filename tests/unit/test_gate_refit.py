"""The gate's own model: what it says of rows, on how many, and where it says nothing."""

import dataclasses
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from cleanlab.filter import find_label_issues
from gate_tables import frame_dataset, tumours

from graduate.components.data.dataset import Dataset
from graduate.components.data.items import Task
from graduate.components.data_quality_gate.leakage import sample as sampling
from graduate.components.data_quality_gate.leakage.leaks import find_leaks
from graduate.components.data_quality_gate.leakage.refit import Refit, refit, refit_sample
from graduate.components.data_quality_gate.leakage.sample import NotFittedError, draw_sample


@pytest.fixture(scope="module")
def data(tmp_path_factory: pytest.TempPathFactory) -> Dataset:
    return frame_dataset(tmp_path_factory.mktemp("tumours"), tumours(), Task.TABULAR_CLASSIFICATION)


def houses(rows: int = 600) -> pd.DataFrame:
    rng = np.random.default_rng(0)
    frame = pd.DataFrame({"rooms": rng.integers(1, 8, rows), "town": rng.choice(["Chur", "Basel"], rows)})
    frame["built"] = pd.to_datetime("1970-01-01", utc=True) + pd.to_timedelta(rng.integers(0, 9000, rows), "D")
    frame["note"] = [f"{word} house number {n}" for n, word in enumerate(rng.choice(["small", "grand"], rows))]
    worth = frame["rooms"] * 50.0 + 80 * (frame["town"] == "Basel") + 100 * frame["note"].str.startswith("grand")
    frame["label"] = worth + rng.normal(0, 10, rows)
    return frame


def test_every_labelled_row_is_judged_by_a_model_that_has_not_seen_it(data: Dataset) -> None:
    found = refit(data)
    rows = found.label_probabilities
    assert rows is not None
    assert found.values is None
    assert sorted(rows.ids) == sorted(
        data.table(split)["__id__"][n].as_py() for split in data.counts for n in range(data.counts[split])
    )
    np.testing.assert_allclose(rows.probabilities.sum(axis=1), 1, atol=1e-5)
    is_train = np.array(rows.splits) == "train"
    chosen = np.array(data.labels)[rows.probabilities.argmax(axis=1)] == np.array(rows.labels)
    # By heart it would be all of them.
    assert 0.9 < chosen[is_train].mean() < 1
    assert found.metrics["roc_auc"] > 0.95


def test_the_same_seed_gives_the_same_refit(data: Dataset) -> None:
    one, other = refit(data, seed=3), refit(data, seed=3)
    assert one.metrics == other.metrics
    assert one.importance == other.importance


def test_numbers_are_learned_from_numbers_categories_dates_and_texts(tmp_path: Path) -> None:
    found = refit(frame_dataset(tmp_path, houses(), Task.TABULAR_REGRESSION))
    assert found.values is not None
    assert found.metrics["r2"] > 0.9
    assert found.label_probabilities is None
    assert [each.column for each in found.importance[:3]] == ["rooms", "note", "town"]
    assert {each.column for each in found.importance} == {"rooms", "town", "built", "note"}
    error = found.values.given - found.values.predicted
    assert np.std(error) < 0.4 * np.std(found.values.given)


def test_a_model_without_a_column_does_not_see_it(tmp_path: Path) -> None:
    drawn = draw_sample(frame_dataset(tmp_path, houses(), Task.TABULAR_REGRESSION))
    without = refit_sample(drawn, ["rooms"])
    assert without.without == {"rooms"}
    assert "rooms" not in {each.column for each in without.importance}
    assert without.metrics["r2"] < refit_sample(drawn).metrics["r2"] - 0.2
    with pytest.raises(NotFittedError, match="no column left"):
        refit_sample(drawn, drawn.names)


def test_no_more_rows_are_taken_than_the_sample_has(data: Dataset, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sampling, "MOST_ROWS", {"train": 200, "validation": 5, "test": 30})
    found = refit(data, seed=1)
    assert found.rows == 200
    assert found.label_probabilities is not None
    assert [found.label_probabilities.splits.count(split) for split in data.counts] == [200, 5, 30]


def test_a_rare_label_and_an_empty_column_do_no_harm(tmp_path: Path) -> None:
    frame = tumours()
    frame.loc[0, "label"] = "unheard of"
    frame["empty"] = None
    found = refit(frame_dataset(tmp_path, frame, Task.TABULAR_CLASSIFICATION))
    assert found.label_probabilities is not None
    assert found.label_probabilities.probabilities.shape[1] == 3
    assert np.isfinite(found.metrics["accuracy"])


@pytest.mark.parametrize(
    ("spoil", "reason"),
    [
        (lambda frame: frame.assign(label="all"), "the same label"),
        (lambda frame: frame[:15], "fewer than 20"),
        (lambda frame: frame[["label"]].assign(one=1.0), "says anything"),
    ],
)
def test_what_cannot_be_learned_from_is_said(tmp_path: Path, spoil, reason: str) -> None:
    data = frame_dataset(tmp_path, spoil(tumours()), Task.TABULAR_CLASSIFICATION)
    with pytest.raises(NotFittedError, match=reason):
        refit(data)


def test_a_table_without_test_rows_has_no_metrics(tmp_path: Path) -> None:
    data = frame_dataset(tmp_path, tumours(), Task.TABULAR_CLASSIFICATION, {"train": 569, "validation": 0, "test": 0})
    found = refit(data)
    assert found.metrics == {}
    assert found.importance


def test_wrong_labels_hide_behind_a_leak_until_it_is_dropped(tmp_path: Path) -> None:
    rng = np.random.default_rng(0)
    frame = tumours()
    is_wrong = rng.random(len(frame)) < 0.05
    frame["label"] = np.where(is_wrong, np.where(frame["label"] == "benign", "malignant", "benign"), frame["label"])
    # Computed from the labels as given, wrong ones too.
    frame["score"] = (frame["label"] == "malignant") + rng.normal(0, 0.1, len(frame))
    drawn = draw_sample(frame_dataset(tmp_path, frame, Task.TABULAR_CLASSIFICATION))
    leaks = [each.column for each in find_leaks(drawn)]
    assert leaks == ["score"]
    assert _recall(refit_sample(drawn), is_wrong) < 0.1
    assert _recall(refit_sample(drawn, leaks), is_wrong) > 0.7


def _recall(found: Refit, is_wrong: np.ndarray) -> float:
    """The share of the wrong labels that cleanlab finds."""
    rows = found.label_probabilities
    assert rows is not None
    given = np.unique(rows.labels, return_inverse=True)[1]
    issues = find_label_issues(given, dataclasses.asdict(rows)["probabilities"].astype(float), n_jobs=1)
    wrong = is_wrong[[int(identity.partition(":")[2]) - 2 for identity in rows.ids]]
    return float(np.mean(np.asarray(issues)[wrong]))
