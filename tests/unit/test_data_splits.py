from collections import Counter

import pytest

from graduate.components.data.splits import hashed_split, named_split, split_of_path


@pytest.mark.parametrize(
    ("word", "split"),
    [
        ("TRAINING", "train"),
        ("Train", "train"),
        ("VALIDATION", "validation"),
        ("validate", "validation"),
        ("val", "validation"),
        (" test ", "test"),
        ("UNASSIGNED", ""),
        ("", ""),
        ("holdout", None),
    ],
)
def test_words_of_the_data_name_splits(word: str, split: str | None) -> None:
    assert named_split(word) == split


def test_the_outermost_folder_that_is_a_split_counts() -> None:
    assert split_of_path("images/train/test/a.jpg") == "train"
    assert split_of_path("images/a/train.jpg") == ""


def test_hashed_splits_are_80_10_10() -> None:
    counts = Counter(hashed_split(str(key)) for key in range(20_000))
    assert counts["train"] == pytest.approx(16_000, rel=0.02)
    assert counts["validation"] == pytest.approx(2_000, rel=0.06)
    assert counts["test"] == pytest.approx(2_000, rel=0.06)


def test_hashed_splits_never_change() -> None:
    assert [hashed_split(key) for key in ("a", "g", "group 21")] == ["train", "validation", "test"]
