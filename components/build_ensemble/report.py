"""The page of an ensemble: each member's weight, the gain over the best one, and what it costs."""

from pathlib import Path
from typing import Any

from ..data.dataset import Dataset
from ..models.folder import ModelFolder
from ..models.metrics import HIGHER_IS_BETTER
from ..reports.formats import percent
from ..reports.page import render, write_page
from .figures import Figures
from .gain import Gain


def write_ensemble_page(path: Path, model: ModelFolder, figures: Figures, dataset: Dataset) -> None:
    """Writes the page."""
    html = render(
        "build_ensemble/page.html",
        title=model.name,
        figures=figures,
        verdict=verdict(figures),
        metric_rows=_metric_rows(figures),
        higher_is_better=HIGHER_IS_BETTER,
        weight_bars=[
            {"label": _title(place, figures), "value": member["weight"], "text": percent(member["weight"])}
            for place, member in enumerate(figures["members"])
        ],
        recorded=[_title(place, figures) for place, member in enumerate(figures["members"]) if member["recorded"]],
        test_items=dataset.counts["test"],
    )
    write_page(path, html)


def verdict(figures: Figures) -> dict[str, str]:
    """Whether the ensemble pays: `tone` of the banner (good, warn or none), `headline` and `advice`."""
    metric = figures["metric"]
    gain = figures["gain"][metric]
    better, worse = _certain(metric, gain)
    is_gain = gain["value"] and (gain["value"] > 0) == HIGHER_IS_BETTER[metric]
    if sum(member["weight"] > 0 for member in figures["members"]) == 1:
        tone, headline = "warn", "No mixture is better than one member alone"
    elif better:
        tone, headline = "good", "The ensemble is better than its best member"
    elif worse:
        tone, headline = "warn", "The best member is better than the ensemble"
    elif is_gain:
        tone, headline = "", "The ensemble scores better than its best member, perhaps by chance"
    else:
        tone, headline = "", "The ensemble does not score better than its best member"
    pays, does_not = "It pays where the difference is worth that.", "It does not pay: deploy that member by itself."
    return {"tone": tone, "headline": headline, "advice": pays if is_gain else does_not}


def _certain(metric: str, gain: Gain) -> tuple[bool, bool]:
    """Whether the whole interval is on the better side of 0, and whether it is on the worse one."""
    above, below = gain["low"] > 0, gain["high"] < 0
    return (above, below) if HIGHER_IS_BETTER[metric] else (below, above)


def _metric_rows(figures: Figures) -> list[dict[str, Any]]:
    """Rows of the macro `metric_table`: which member is the best, its value, the ensemble's, the difference."""
    rows = []
    for name, gain in sorted(figures["gain"].items(), key=lambda pair: pair[0] != figures["metric"]):
        best, better, worse = figures["members"][gain["best"]], *_certain(name, gain)
        difference = f"{gain['value']:+.4g} ({gain['low']:+.3g} to {gain['high']:+.3g})"
        values = [_title(gain["best"], figures), best["test"][name], figures["ensemble"]["test"][name], difference]
        rows.append({"name": name, "values": values, "best": 2 if better else 1 if worse else None})
    return rows


def _title(place: int, figures: Figures) -> str:
    """Members may have one name."""
    return f"{place + 1}. {figures['members'][place]['name']}"
