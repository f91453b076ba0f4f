"""What the gate found of the faults that were planted."""

import json
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

from .scene import LabelledBox

PLANTED_FILE = "planted.json"
SAME_PLACE = 0.3  # intersection over union


def compare_with_planted(data: Path, run_dir: Path) -> Iterator[str]:
    """One sentence per planted kind of fault.

    Args:
        data: the demonstration's input, with the list of what was planted.
        run_dir: of a run that reached the gate.
    """
    planted = json.loads((data / PLANTED_FILE).read_text(encoding="utf-8"))
    verdict = json.loads((run_dir / "data-quality-gate" / "verdict" / "verdict.json").read_text(encoding="utf-8"))
    listed: dict[str, list[dict[str, Any]]] = {each["rule"]: each["items"] for each in verdict["findings"]}
    for rule, faults in planted.items():
        items = listed.get(rule, [])
        found = sum(any(_same(fault, item) for item in items) for fault in faults)
        yield f"Planted {rule}: {len(faults)}, found by the gate: {found} (it lists {len(items)})."


def _same(fault: dict[str, Any], item: dict[str, Any]) -> bool:
    """Whether a listed item is the planted fault: the same file (or its original) and the same place in it."""
    if item["id"] not in (fault["id"], fault.get("copy_of")):
        return False
    if "corners" in fault:
        return _overlap(fault["corners"], item["bbox"]) >= SAME_PLACE
    return "box" not in fault or item["box"] == fault["box"]


def _overlap(corners: Sequence[float], bbox: Sequence[float]) -> float:
    """Intersection over union of [xmin, ymin, xmax, ymax] and Vertex's [xMin, xMax, yMin, yMax]."""
    ours = LabelledBox("", *corners)
    theirs = LabelledBox("", bbox[0], bbox[2], bbox[1], bbox[3])
    shared = ours.overlap(theirs) * min(ours.area, theirs.area)
    return shared / (ours.area + theirs.area - shared)
