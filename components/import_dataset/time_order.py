"""Rows of time series in order: which can be used, where each stands, and in which split.

A data frame goes from one function to the next, a row for each row that can be used, ordered by series and time:
`row` (its place in the table), `id`, `series` (code), `name` (of the series), `time` (datetime64 in UTC), `has_label`,
`given` (the split that the data name, or ""), then `place` (periods since the series' first row) and `split`.
"""

from collections.abc import Iterable

import numpy as np
import pandas as pd
import pyarrow as pa

from ..data.items import SPLITS, Reject
from ..data.periods import Period
from ..errors import InputError

# More repeated times than this share are no slips: the rows are of several series, or finer than they should be.
_MOST_REPEATED = 0.3


def ordered(
    rows: pa.Table, label_column: str, time_column: str, series_column: str, rejects: list[Reject]
) -> pd.DataFrame:
    """The rows by series and time; one without a time or without the name of its series is set aside."""
    names = rows[series_column].to_pandas() if series_column else pd.Series("", index=range(len(rows)))
    frame = pd.DataFrame(
        {
            "row": np.arange(len(rows)),
            "id": rows["__id__"].to_pandas(),
            "name": names,
            # Naive, in UTC: numpy has no time zones.
            "time": rows[time_column].to_pandas().dt.tz_localize(None),
            "has_label": np.asarray(rows[label_column].is_valid()),
            "given": rows["__ml_use__"].to_pandas(),
        }
    )
    for column, role in (("time", time_column), ("name", series_column)):
        without = frame[column].isna().to_numpy()
        _set_aside(frame["id"][without], "bad_row", f"{role} is missing, or not of the column's type", rejects)
        frame = frame.loc[~without]
    frame["series"] = pd.factorize(frame["name"], sort=True)[0]
    return frame.sort_values(by=["series", "time"], kind="stable", ignore_index=True)


def on_grid(frame: pd.DataFrame, period: Period) -> pd.DataFrame:
    """Adds the rows' places on the grid of periods that begins at the first row of each series."""
    first = frame.groupby("series")["time"].transform("first")
    return frame.assign(place=period.places(frame["time"].to_numpy(), first.to_numpy()))


def without_repeats(
    frame: pd.DataFrame, name: str, period: Period, series_column: str, rejects: list[Reject]
) -> pd.DataFrame:
    """Sets aside each row whose period an earlier row of its series has taken.

    Raises:
        InputError: there are so many that the table cannot be meant so.
    """
    is_repeated = frame.duplicated(["series", "place"])
    if is_repeated.mean() > _MOST_REPEATED:
        advice = "give one row per period" if series_column else "name the column of the series in series_column"
        raise InputError(
            f"{is_repeated.sum():,} of {len(frame):,} rows of {name} share their time (a row every {period}) with "
            f"another row of the same series: {advice}."
        )
    taken = frame.groupby(["series", "place"])["id"].transform("first")
    for identity, other in zip(frame["id"][is_repeated], taken[is_repeated], strict=True):
        rejects.append(Reject(identity, "", "duplicate_time", f"the same series and time as {other}"))
    return frame.loc[~is_repeated].reset_index(drop=True)


def split_by_time(frame: pd.DataFrame, horizon: int) -> pd.DataFrame:
    """Adds the splits: as given, or else test for the last `horizon` periods, validation for those before, train.

    Raises:
        InputError: the splits that the data name are not in the order of time.
    """
    ahead = frame.groupby("series")["place"].transform("max") - frame["place"]
    by_time = np.select([ahead < horizon, ahead < 2 * horizon], ["test", "validation"], "train")
    frame = frame.assign(split=np.where(frame["given"] != "", frame["given"], by_time))
    order = frame["split"].map(SPLITS.index)
    back = np.flatnonzero(order.groupby(frame["series"]).diff() < 0)
    if len(back):
        row = frame.loc[back[0]]
        raise InputError(
            f"{row['id']} is of the split {row['split']}, but an earlier row of its series is of "
            f"{frame['split'][back[0] - 1]}: a forecast is trained on the past, so give ml_use in the order of time."
        )
    return frame


def without_short_series(frame: pd.DataFrame, horizon: int, rejects: list[Reject]) -> pd.DataFrame:
    """Sets aside the rows of each series that leaves too few to learn from: one window takes `horizon` + 1."""
    learned = (frame["has_label"] & (frame["split"] == "train")).groupby(frame["series"]).transform("sum")
    is_short = learned.to_numpy() <= horizon
    for name, rows in frame.loc[is_short].groupby("name"):
        series = f"series {name!r}" if name else "the series"
        detail = (
            f"{series} leaves {learned[rows.index[0]]} rows with a value to learn from, and horizon {horizon} takes "
            f"{horizon + 1}, besides {horizon} to validate and {horizon} to test with"
        )
        _set_aside(rows["id"], "short_series", detail, rejects)
    return frame.loc[~is_short].reset_index(drop=True)


def _set_aside(ids: Iterable[str], reason: str, detail: str, rejects: list[Reject]) -> None:
    rejects.extend(Reject(identity, "", reason, detail) for identity in ids)
