"""Distributions of columns, train beside a later split, from the profile: histograms as SVG paths, and bars."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ...data.items import ColumnType
from ...reports.formats import number, percent
from ..schema.profile import ColumnProfile, Profile
from .names import short

# Units of the histograms' view box.
WIDTH, HEIGHT = 240.0, 80.0
_MOST_BARS = 6
# What a bin with any value is at least high, or it could not be seen.
_LEAST_HEIGHT = 2.0


@dataclass(frozen=True, slots=True)
class Distribution:
    """One column, ready to be drawn.

    Attributes:
        name: of the column.
        splits: train and the split that is drawn beside it.
        paths: (split, SVG path of its histogram), in `WIDTH` x `HEIGHT`; empty where there are bars or nothing.
        ends: what stands below the histogram, left and right.
        bars: (value, share of it in each of the splits, None where unknown), the commonest first.
        missing: share of rows without a value in each of the splits.
        facts: what else is known, a line for each split.
    """

    name: str
    splits: tuple[str, str]
    paths: Sequence[tuple[str, str]]
    ends: tuple[str, str]
    bars: Sequence[tuple[str, Sequence[float | None]]]
    missing: Sequence[float]
    facts: Sequence[str]


def distributions(profile: Profile, columns: Mapping[str, str]) -> list[Distribution]:
    """Draws columns, as far as the profile has them: name to the split that is drawn beside train."""
    drawn = (_distribution(name, ("train", split), profile) for name, split in columns.items())
    return [each for each in drawn if each]


def outline(edges: Sequence[float] | NDArray[np.float64], heights: Sequence[float] | NDArray[np.float64]) -> str:
    """SVG path of a histogram: N + 1 ascending edges, N heights in 0..1."""
    x = WIDTH * (np.asarray(edges, float) - edges[0]) / (edges[-1] - edges[0])
    y = HEIGHT - np.where(np.asarray(heights) > 0, np.maximum(HEIGHT * np.asarray(heights), _LEAST_HEIGHT), 0)
    steps = "".join(f"V{up:.1f}H{right:.1f}" for up, right in zip(y, x[1:], strict=True))
    return f"M0 {HEIGHT:.0f}{steps}V{HEIGHT:.0f}Z"


def value_text(value: float, of: ColumnType) -> str:
    """A number, a date (UTC) from seconds since 1970, or the length of a text."""
    if of is ColumnType.DATE:
        return str(np.datetime64(int(value), "s").astype("datetime64[D]"))
    return f"{number(value)}{' characters' if of is ColumnType.TEXT else ''}"


def _distribution(name: str, splits: tuple[str, str], profile: Profile) -> Distribution | None:
    parts = [profile.get(split, {}).get(name) for split in splits]
    known = [part for part in parts if part and part.rows]
    if not known:
        return None
    return Distribution(
        name=name,
        splits=splits,
        paths=_paths(splits, parts),
        ends=_ends(known),
        bars=_bars(parts),
        missing=[part.missing / max(part.rows, 1) if part else 0.0 for part in parts],
        facts=[_facts(split, part) for split, part in zip(splits, parts, strict=True) if part and part.rows],
    )


def _ends(parts: Sequence[ColumnProfile]) -> tuple[str, str]:
    """What stands below the histogram; its outer bins also hold what lies beyond them."""
    edges, type_ = parts[0].edges, parts[0].type
    if not edges:
        return "", ""
    below = any(part.low is not None and part.low < edges[0] for part in parts)
    above = any(part.high is not None and part.high > edges[-1] for part in parts)
    return "≤ "[: 2 * below] + value_text(edges[0], type_), "≥ "[: 2 * above] + value_text(edges[-1], type_)


def _paths(splits: Sequence[str], parts: Sequence[ColumnProfile | None]) -> list[tuple[str, str]]:
    drawn = {split: part for split, part in zip(splits, parts, strict=True) if part and _has_bins(part)}
    # Area is share: a bin that is wider than another is lower by as much.
    heights = {
        split: np.array(part.counts, float) / sum(part.counts) / np.maximum(np.diff(part.edges), 1e-300)
        for split, part in drawn.items()
    }
    highest = max((float(each.max()) for each in heights.values()), default=1.0)
    return [(split, outline(part.edges, heights[split] / highest)) for split, part in drawn.items()]


def _has_bins(part: ColumnProfile) -> bool:
    return bool(sum(part.counts)) and 0 < part.edges[-1] - part.edges[0] < np.inf


def _bars(parts: Sequence[ColumnProfile | None]) -> list[tuple[str, list[float | None]]]:
    known = dict.fromkeys(value for part in parts if part for value in list(part.categories)[:_MOST_BARS])
    common = sorted(known, key=lambda value: -sum(_share(part, value) or 0.0 for part in parts))[:_MOST_BARS]
    return [(short(value) or "(empty)", [_share(part, value) for part in parts]) for value in common]


def _share(part: ColumnProfile | None, value: str) -> float | None:
    """Of the rows; None where the profile does not count this value."""
    if part is None:
        return None
    count = part.categories.get(value, 0 if part.lists_all_categories else None)
    return None if count is None else count / max(part.rows, 1)


def _facts(split: str, part: ColumnProfile) -> str:
    said: list[Any] = [f"{part.rows:,} rows", f"{part.distinct:,} different value{'s'[: part.distinct != 1]}"]
    if part.low is not None and part.high is not None:
        said.append(f"{value_text(part.low, part.type)} to {value_text(part.high, part.type)}")
    if part.missing:
        said.append(f"{percent(part.missing / part.rows)} without value")
    return f"{split}: {', '.join(said)}"
