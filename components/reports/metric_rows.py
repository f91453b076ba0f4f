"""Metrics with their intervals as rows of a page."""

from collections.abc import Mapping, Sequence
from typing import Any

from ..models.metrics import HIGHER_IS_BETTER


def metric_rows(values: Mapping[str, float], intervals: Mapping[str, Sequence[float]]) -> list[dict[str, Any]]:
    """Rows of the macro `interval_list`; every axis has its zero and, where there is one, its best value."""
    return [_row(name, value, intervals.get(name)) for name, value in values.items()]


def _row(name: str, value: float, interval: Sequence[float] | None) -> dict[str, Any]:
    known = [value, *(interval or ())]
    end = 1.0 if HIGHER_IS_BETTER.get(name) else 1.2 * max(known) or 1.0
    return {"name": name, "value": value, "interval": interval, "start": min(0.0, *known), "end": end}
