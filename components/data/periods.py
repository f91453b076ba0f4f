"""Regular time: the period of time series, and the place of a time on a series' grid of periods."""

from dataclasses import dataclass
from typing import Literal, Self, get_args

import numpy as np
from numpy.typing import NDArray

from ..errors import InputError

Unit = Literal["second", "minute", "hour", "day", "business day", "week", "month", "year"]
# The longest first.
_FIXED: dict[Unit, np.timedelta64] = {
    "week": np.timedelta64(7, "D"),
    "day": np.timedelta64(1, "D"),
    "hour": np.timedelta64(1, "h"),
    "minute": np.timedelta64(1, "m"),
    "second": np.timedelta64(1, "s"),
}
_MONTHS: dict[Unit, int] = {"month": 1, "year": 12}
_DAYS_PER_MONTH = 30.436875
# Five days of seven.
_DAYS_PER_BUSINESS_DAY = 7 / 5
# How far a length may be from a whole number of units and still be taken for it: clocks drift, months differ.
_SLACK = 0.05


@dataclass(frozen=True)
class Period:
    """The time from one row of a series to the next, in the units of Vertex AI's `data_granularity_unit`.

    Vertex AI has no business days: to it they are days.
    """

    count: int
    unit: Unit

    def __str__(self) -> str:
        return f"{self.count} {self.unit}{'s' if self.count > 1 else ''}"

    @classmethod
    def parse(cls, text: str) -> Self:
        """The period that `str` wrote, such as `1 day` or `15 minutes`."""
        count, _, name = text.partition(" ")
        unit = next(unit for unit in get_args(Unit) if name in (unit, f"{unit}s"))
        return cls(int(count), unit)

    @property
    def days(self) -> float:
        """Its length in days; of months and business days, the mean."""
        if self.unit in _MONTHS:
            return self.count * _MONTHS[self.unit] * _DAYS_PER_MONTH
        if self.unit == "business day":
            return self.count * _DAYS_PER_BUSINESS_DAY
        return self.count * float(_FIXED[self.unit] / np.timedelta64(1, "D"))

    def places(self, times: NDArray[np.datetime64], anchors: NDArray[np.datetime64]) -> NDArray[np.int64]:
        """How many periods each of N times is after its anchor, to the nearest."""
        if self.unit in _MONTHS:
            months = self.count * _MONTHS[self.unit]
            at, start = (each.astype("datetime64[M]").astype(np.int64) // months for each in (times, anchors))
            return at - start
        if self.unit == "business day":
            return np.busday_count(anchors.astype("datetime64[D]"), times.astype("datetime64[D]"))
        return np.rint((times - anchors) / (self.count * _FIXED[self.unit])).astype(np.int64)


def infer_period(times: NDArray[np.datetime64], series: NDArray[np.int64]) -> Period:
    """The period of most rows; gaps and repeated times are allowed for, which pandas' `infer_freq` does not do.

    Args:
        times: of N rows, ordered by series and time.
        series: code of each row's series.

    Raises:
        InputError: no series has two times.
    """
    steps = np.diff(times)[np.diff(series) == 0]
    steps = steps[steps > np.timedelta64(0)]
    if not len(steps):
        raise InputError("no series has two different times: a forecast is made from the past of a series")
    # The middle one and no mean of two: it is a step that occurs.
    middle = np.sort(steps)[(len(steps) - 1) // 2]
    if (months := _months(middle, times)) > 0:
        return Period(months // 12, "year") if months % 12 == 0 else Period(months, "month")
    units: list[Unit] = [unit for unit in _FIXED if _is_whole(float(middle / _FIXED[unit]))]
    unit = units[0] if units else "second"
    period = Period(max(round(float(middle / _FIXED[unit])), 1), unit)
    has_weekends = not np.is_busday(times.astype("datetime64[D]")).all()
    # Five days in a row without a weekend may be chance; two weeks are not.
    is_business = period == Period(1, "day") and not has_weekends and np.ptp(times) > np.timedelta64(14, "D")
    return Period(1, "business day") if is_business else period


def _months(step: np.timedelta64, times: NDArray[np.datetime64]) -> int:
    """The whole number of months that a step is, or 0: then all times are about the same day of their month."""
    months = float(step / np.timedelta64(1, "D")) / _DAYS_PER_MONTH
    if not _is_whole(months + (0.08 if months < 1 else 0)):  # February
        return 0
    days = (times.astype("datetime64[D]") - times.astype("datetime64[M]")).astype(np.int64)
    # Month's ends are the 28th to the 31st.
    return round(months) if np.ptp(days) <= 3 else 0


def _is_whole(count: float) -> bool:
    return round(count) >= 1 and abs(count / round(count) - 1) <= _SLACK
