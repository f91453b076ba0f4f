"""What the gate found of the faults that were planted."""

import json
from collections.abc import Iterator
from pathlib import Path

PLANTED_FILE = "planted.json"


def compare_with_planted(data: Path, run_dir: Path) -> Iterator[str]:
    """One sentence per planted kind of fault.

    Args:
        data: the demonstration's input, with the list of what was planted.
        run_dir: of a run that reached the gate.
    """
    planted = json.loads((data / PLANTED_FILE).read_text(encoding="utf-8"))
    verdict = json.loads((run_dir / "data-quality-gate" / "verdict" / "verdict.json").read_text(encoding="utf-8"))
    listed: dict[str, list[dict[str, object]]] = {each["rule"]: each["items"] for each in verdict["findings"]}
    for rule, faults in planted.items():
        items = listed.get(rule, [])
        found = sum(any(_same(fault, item) for item in items) for fault in faults)
        yield f"Planted {rule}: {len(faults)}, found by the gate: {found} (it lists {len(items)})."


def _same(fault: dict[str, object], item: dict[str, object]) -> bool:
    """Whether a listed item is the planted fault: the same file (or its original) and, where it is about a labelled
    box, the same box."""
    if item["id"] not in (fault["id"], fault.get("copy_of")):
        return False
    return "box" not in fault or item["box"] == fault["box"]
