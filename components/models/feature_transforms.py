"""What a model makes of each column of a table, decided on the training split and written for later steps to read.

The file is a list of {"column", "type", "transform", "statistics"}. Transforms and their statistics:

    numeric   mean, standard_deviation, minimum, maximum, quantiles (33 evenly spaced ones)
    date      the same, of the days since 1970-01-01 UTC
    one_hot   distinct (count of values), vocabulary (the values that get a place of their own; "" is missing)
    tfidf     vocabulary (words, and pairs of neighbouring words with a space between, as `text_tokens.terms` gives
              them; at most 10,000, those in most texts), idf (of each: ln((1 + texts) / (1 + texts with it)) + 1, as
              in scikit-learn, https://scikit-learn.org/stable/modules/feature_extraction.html#tfidf-term-weighting)
    window    as numeric, of a series' values, with context and season (in rows); the date of a series has its period
    series    distinct (count of series)
    dropped   reason (a sentence)

and for all of them rows and missing (counts).
"""

import json
import math
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, Literal

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from ..data.items import Column, ColumnType
from ..data.storage import write_atomically
from ..errors import InputError
from .columns import column_tensors, input_column
from .folder import InputColumn
from .text_tokens import terms

# Periods that models see in a date; the year is the mean Gregorian one.
DAYS_PER_WEEK = 7.0
DAYS_PER_YEAR = 365.2425

Transform = Literal["numeric", "date", "one_hot", "tfidf", "window", "series", "dropped"]

# Rarer values share one place: a model cannot learn from a handful of rows what sets them apart.
_MIN_VALUE_ROWS = 5
_MAX_VOCABULARY = 256
_QUANTILES = 33
# Of texts: a word met once cannot be told from a typing error. The terms are sought in so many texts, since the
# different pairs of words never cease to come.
_MIN_TERM_TEXTS = 2
_MAX_TERMS = 10_000
_TEXTS_READ = 50_000
# Integers drawn from a range of this many would have agreed somewhere with odds of e^10 to 1.
_EXPECTED_REPEATS = 10


@dataclass(frozen=True)
class FeatureTransform:
    """One column's transform; the module's docstring describes the fields."""

    column: str
    type: ColumnType
    transform: Transform
    statistics: dict[str, Any]


def describe(rows: pa.Table, columns: Iterable[Column]) -> list[FeatureTransform]:
    """Decides on a transform for each column.

    Args:
        rows: the training split.
        columns: the data set's, without the label column.
    """
    return [_describe_column(rows, column) for column in columns]


def read(path: str | Path) -> list[FeatureTransform]:
    """Reads the file that `write` wrote.

    Raises:
        InputError: there is no such file.
    """
    try:
        records = json.loads(Path(path).read_text(encoding="utf-8"))
    except FileNotFoundError:
        raise InputError(f"There is no {path}: give the model folder of a tabular baseline.") from None
    return [FeatureTransform(**{**record, "type": ColumnType(record["type"])}) for record in records]


def write(path: str | Path, transforms: Sequence[FeatureTransform]) -> None:
    """Writes the transforms as JSON, the file whole or not at all."""
    records = [asdict(transform) for transform in transforms]
    with write_atomically(path) as file:
        file.write_text(json.dumps(records, indent=2, ensure_ascii=False, allow_nan=False) + "\n", encoding="utf-8")


def input_columns(transforms: Iterable[FeatureTransform]) -> list[InputColumn]:
    """The columns that a model takes: all that are not dropped."""
    used = (each for each in transforms if each.transform != "dropped")
    return [input_column(Column(each.column, each.type)) for each in used]


def _describe_column(rows: pa.Table, column: Column) -> FeatureTransform:
    values = column_tensors(rows, [input_column(column)])[column.name][:, 0]
    present = values[values != ""] if values.dtype == object else values[np.isfinite(values)]
    counts = {"rows": len(values), "missing": len(values) - len(present)}
    if column.type is ColumnType.TEXT:
        return _tfidf(column, present, counts)
    if values.dtype == object:
        return _one_hot(column, values, counts)
    if len(np.unique(values)) < 2:
        return _dropped(column, counts, "Constant: all values are the same.")
    if column.type is ColumnType.NUMBER and _is_identifier(column.name, rows[column.name].to_numpy()):
        return _dropped(column, counts, "Identifier: whole numbers that never repeat.")
    transform = "date" if column.type is ColumnType.DATE else "numeric"
    return FeatureTransform(column.name, column.type, transform, {**counts, **moments(present)})


def _one_hot(column: Column, values: NDArray[np.object_], counts: dict[str, int]) -> FeatureTransform:
    distinct, rows = np.unique(values.astype(str), return_counts=True)
    if len(distinct) < 2:
        return _dropped(column, counts, "Constant: all values are the same.")
    by_frequency = np.argsort(-rows, kind="stable")[:_MAX_VOCABULARY]
    vocabulary = [str(distinct[place]) for place in by_frequency if rows[place] >= _MIN_VALUE_ROWS]
    if not vocabulary:
        return _dropped(column, counts, f"Identifier: no value stands in {_MIN_VALUE_ROWS} rows.")
    statistics = {**counts, "distinct": len(distinct), "vocabulary": sorted(vocabulary)}
    return FeatureTransform(column.name, column.type, "one_hot", statistics)


def _tfidf(column: Column, texts: NDArray[np.object_], counts: dict[str, int]) -> FeatureTransform:
    read = texts[:: -(-len(texts) // _TEXTS_READ) or 1]
    frequency = Counter(term for text in read for term in set(terms(text)))
    # What stands in every text sets none apart.
    useful = {term: count for term, count in frequency.items() if _MIN_TERM_TEXTS <= count < len(read)}
    if not useful:
        return _dropped(column, counts, f"Free text: no word stands in {_MIN_TERM_TEXTS} texts and not in all.")
    vocabulary = sorted(sorted(useful, key=lambda term: (-useful[term], term))[:_MAX_TERMS])
    idf = [math.log((1 + len(read)) / (1 + useful[term])) + 1 for term in vocabulary]
    return FeatureTransform(column.name, column.type, "tfidf", {**counts, "vocabulary": vocabulary, "idf": idf})


def _dropped(column: Column, counts: dict[str, int], reason: str) -> FeatureTransform:
    return FeatureTransform(column.name, column.type, "dropped", {**counts, "reason": reason})


def _is_identifier(name: str, values: NDArray[np.float64]) -> bool:
    """Whether numbers name the rows: whole, never repeated, and either called so or too close for that to be chance."""
    if len(np.unique(values)) < len(values) or not np.array_equal(values, np.round(values)):
        return False
    # Birthday problem: N draws from a range of R values repeat about N^2 / 2R times.
    expected_repeats = len(values) ** 2 / (2 * (np.ptp(values) + 1))
    return bool(expected_repeats > _EXPECTED_REPEATS) or name.lower() == "id" or name.endswith(("_id", "Id", "ID"))


def moments(values: NDArray[np.float32]) -> dict[str, Any]:
    """The statistics of numbers, of which none is missing."""
    exact = values.astype(np.float64)
    return {
        "mean": float(exact.mean()),
        "standard_deviation": float(exact.std()),
        "minimum": float(exact.min()),
        "maximum": float(exact.max()),
        "quantiles": np.quantile(exact, np.linspace(0, 1, _QUANTILES)).tolist(),
    }
