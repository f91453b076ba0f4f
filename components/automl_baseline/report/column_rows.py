"""What was done to the columns, as rows of a table."""

from collections.abc import Iterable, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

from ...data.items import ColumnType
from ...models.feature_transforms import FeatureTransform
from ...reports.formats import number, percent

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_EXAMPLES = 4


def column_rows(transforms: Iterable[FeatureTransform]) -> list[dict[str, Any]]:
    """{"column", "type", "transform", "statistics": in words, "missing": share of the rows, 0..1} of each column."""
    return [
        {
            "column": each.column,
            "type": each.type,
            "transform": each.transform,
            "statistics": _in_words(each),
            "missing": each.statistics.get("missing", 0) / max(each.statistics.get("rows", 0), 1),
        }
        for each in transforms
    ]


def _in_words(transform: FeatureTransform) -> str:
    statistics = transform.statistics
    match transform.transform:
        case "dropped":
            return statistics["reason"]
        case "one_hot":
            return _vocabulary(statistics["vocabulary"], statistics["distinct"], "value")
        case "tfidf":
            return _vocabulary(statistics["vocabulary"], 0, "term")
        case "date":
            low, high, mean = (_day(statistics[name]) for name in ("minimum", "maximum", "mean"))
            return f"{low} to {high}, mean {mean}"
        case "numeric" if transform.type is ColumnType.BOOLEAN:
            return f"{percent(statistics['mean'])} true"
        case "series":
            return f"{number(statistics['distinct'])} series"
        case "window":
            return f"{_moments(statistics)}; the last {number(statistics['context'])} values are looked at"
        case "numeric":
            return _moments(statistics)


def _moments(statistics: Mapping[str, Any]) -> str:
    low, high, mean = (number(statistics[name]) for name in ("minimum", "maximum", "mean"))
    return f"{low} to {high}, mean {mean}, standard deviation {number(statistics['standard_deviation'])}"


def _vocabulary(known: Sequence[str], distinct: int, noun: str) -> str:
    examples = ", ".join(value or "no value" for value in known[:_EXAMPLES]) + (", …" if len(known) > _EXAMPLES else "")
    rare = f", {number(distinct - len(known))} too rare to be told apart" if distinct > len(known) else ""
    return f"{number(len(known))} {noun}{'' if len(known) == 1 else 's'} ({examples}){rare}"


def _day(days: float) -> str:
    return f"{_EPOCH + timedelta(days=days):%Y-%m-%d}"
