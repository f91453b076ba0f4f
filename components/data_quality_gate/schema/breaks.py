"""Schema and types: what is not as it was in the reference, an earlier profile or else the training split.

The schema of the reference is one of pandera (https://pandera.readthedocs.io), validated lazily: all failures at once.
"""

from collections.abc import Iterator

import pandera.pandas as pandera
import pyarrow as pa
import pyarrow.compute as pc
from pandera.errors import SchemaErrorReason, SchemaErrors

from ...data.dataset import Dataset, row_schema
from ...data.items import Column
from ...reports.formats import percent
from ..columns import all_values
from ..findings import Case, NotJudged, Outcome, counted
from .mixed import mixed_types
from .outside import new_values
from .profile import ColumnProfile, Profile

# The importer infers a column's type from at least the rest of its values; more breaks are a fault of the column.
_MOST_BREAKS = 0.05


def schema_breaks(data: Dataset, profile: Profile, reference: Profile | None) -> Iterator[Outcome]:
    """Yields the findings of `schema_break`, `new_column`, `mixed_types`, `new_category` and `range_break`.

    Args:
        data: any data set; only tables are judged.
        profile: of it.
        reference: profile of earlier data, or None: then the training split is the reference for the others' values,
            and of no column can be said that it is new.
    """
    if not profile:
        return
    broken, new = _structure(data, reference["train"]) if reference else ([], [])
    of = f"{len(data.columns):,} columns"
    yield from counted("schema_break", [*broken, *_broken_columns(data, profile)], of)
    if reference:
        yield from counted("new_column", new, of)
    else:
        yield NotJudged(
            "new_column", "No profile of earlier data was given to hold the table against: give `reference`."
        )
    yield from mixed_types(data)
    yield from new_values(data, profile, reference)


def _structure(data: Dataset, reference: dict[str, ColumnProfile]) -> tuple[list[Case], list[Case]]:
    """Columns that are gone or of another type, and columns that are new."""
    empty = row_schema([Column(each.name, each.type) for each in reference.values()]).empty_table().to_pandas()
    columns = {name: pandera.Column(empty.dtypes[name], nullable=True) for name in reference}
    present = row_schema(data.columns).empty_table().to_pandas()[[column.name for column in data.columns]]
    try:
        pandera.DataFrameSchema(columns, strict=True).validate(present, lazy=True)
    except SchemaErrors as failures:
        errors = failures.schema_errors
    else:
        errors = []
    types = {column.name: column.type for column in data.columns}
    broken, new = [], []
    for error in errors:
        match error.reason_code:
            case SchemaErrorReason.COLUMN_NOT_IN_SCHEMA:
                name = str(error.failure_cases)
                new.append(_case(name, f"a column of {types[name]} values"))
            case SchemaErrorReason.COLUMN_NOT_IN_DATAFRAME:
                name = str(error.failure_cases)
                broken.append(_case(name, f"gone: the reference has it with {reference[name].type} values"))
            case _:
                name = str(error.schema.name)
                broken.append(
                    _case(name, f"{types[name]} values, where the reference has {reference[name].type} values")
                )
    return broken, new


def _broken_columns(data: Dataset, profile: Profile) -> Iterator[Case]:
    """Yields each column in which too many values are not of its type; the rows are cases of `type_break`."""
    if not data.summary["faults"].get("type_break"):
        return
    faults = pa.concat_arrays([chunk.flatten() for chunk in all_values(data, "__faults__").chunks])
    details = faults.field("detail").filter(pc.call_function("equal", [faults.field("rule"), "type_break"]))
    for column in data.columns:
        starts = pc.MatchSubstringOptions(f"{column.name}: ")
        breaks = int(pc.call_function("starts_with", [details], starts).to_numpy(zero_copy_only=False).sum())
        given = breaks + sum(columns[column.name].present for columns in profile.values())
        if breaks > _MOST_BREAKS * given:
            detail = f"{percent(breaks / given)} of the values are not of the type {column.type}"
            yield _case(column.name, detail)


def _case(column: str, detail: str) -> Case:
    return Case("", "", "", detail, column=column)
