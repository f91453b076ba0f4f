"""The profile of a table: what it counts, and that it is read as it was written."""

from pathlib import Path

import pytest
import tiny_tables

from graduate.components.data.items import Column, ColumnType, Task
from graduate.components.data_quality_gate.schema import profile as profiles
from graduate.components.errors import InputError


@pytest.fixture
def visitors(tmp_path: Path):
    return tiny_tables.visitors(tmp_path / "data", Task.TABULAR_CLASSIFICATION)


def one_column(path: Path, values: list, type_: ColumnType = ColumnType.NUMBER) -> profiles.ColumnProfile:
    columns = [Column("x", type_), Column("label", ColumnType.CATEGORY)]
    rows = [{"x": value, "label": "ab"[place % 2]} for place, value in enumerate(values)]
    data = tiny_tables.table_dataset(path, Task.TABULAR_CLASSIFICATION, columns, rows, {"train": len(rows)})
    return profiles.profile(data)["train"]["x"]


def test_a_profile_counts_every_column_of_every_split(visitors):
    found = profiles.profile(visitors)
    rows = visitors.table("train").to_pandas()
    assert {split: {column.rows for column in columns.values()} for split, columns in found.items()} == {
        split: {size} for split, size in tiny_tables.SIZES.items()
    }
    for name, column in found["train"].items():
        assert column.missing == rows[name].isna().sum()
        assert column.distinct == rows[name].nunique()
        assert sum(column.counts) + sum(column.categories.values()) == column.present
    assert found["train"]["city"].categories == rows["city"].value_counts().to_dict()
    assert found["train"]["opened"].low == rows["opened"].min().timestamp()
    assert found["train"]["remark"].low == rows["remark"].str.len().min()


def test_edges_are_the_same_in_all_splits(visitors):
    found = profiles.profile(visitors)
    assert found["test"]["Mean radius (mm)"].edges == found["train"]["Mean radius (mm)"].edges


def test_a_huge_value_does_not_push_the_others_into_one_bin(tmp_path):
    column = one_column(tmp_path, [*(float(n) / 7 for n in range(700)), 1e12])
    assert column.high == 1e12
    assert column.edges[-1] < 1000
    assert max(column.counts) < 100
    assert sum(column.counts) == 701


def test_a_few_whole_numbers_have_a_bin_each(tmp_path):
    column = one_column(tmp_path, [1.0, 2.0, 2.0, 5.0])
    assert column.edges == [0.5, 1.5, 2.5, 3.5, 4.5, 5.5]
    assert column.counts == [1, 2, 0, 0, 1]


def test_an_empty_column_has_a_profile(tmp_path):
    column = one_column(tmp_path, [None, None, None])
    assert (column.missing, column.distinct, column.low, column.edges, column.counts) == (3, 0, None, [], [])


def test_only_the_commonest_categories_are_listed_and_in_a_fixed_order(tmp_path):
    values = ["common"] * 5 + [f"rare {n:03}" for n in range(200)]
    column = one_column(tmp_path, values, ColumnType.CATEGORY)
    assert column.distinct == 201
    assert not column.lists_all_categories
    assert list(column.categories)[:3] == ["common", "rare 000", "rare 001"]
    assert len(column.categories) == profiles.MOST_CATEGORIES


def test_a_profile_is_read_as_it_was_written(visitors, tmp_path):
    written = profiles.profile(visitors)
    profiles.write(tmp_path / "profile.json", written)
    assert profiles.read(str(tmp_path / "profile.json")) == written


def test_a_profile_goes_to_cloud_storage_and_back(visitors, bucket):
    written = profiles.profile(visitors)
    profiles.write("gs://bucket/runs/profile.json", written)
    assert profiles.read("gs://bucket/runs/profile.json") == written


@pytest.mark.parametrize(
    "content",
    ["{", "[]", "{}", '{"format": 1, "splits": {}}', '{"format": 1, "splits": {"train": {"x": {"rows": 1}}}}'],
)
def test_what_is_no_profile_is_refused_in_one_sentence(tmp_path, content):
    (tmp_path / "profile.json").write_text(content)
    with pytest.raises(InputError, match="is no profile of a table: give"):
        profiles.read(str(tmp_path / "profile.json"))


def test_a_profile_of_another_format_is_refused(visitors, tmp_path, monkeypatch):
    with monkeypatch.context() as later:
        later.setattr(profiles, "FORMAT", 2)
        profiles.write(tmp_path / "profile.json", profiles.profile(visitors))
    with pytest.raises(InputError, match="no profile"):
        profiles.read(str(tmp_path / "profile.json"))


def test_a_missing_reference_is_named(tmp_path):
    with pytest.raises(InputError, match=r"the reference .*/none.json cannot be read"):
        profiles.read(str(tmp_path / "none.json"))
