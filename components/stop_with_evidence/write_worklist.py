"""The work list: what the data's owner has to look at, one line per case, the gravest first."""

import csv
import json
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from ..data.storage import write_atomically
from ..errors import InputError
from ..reports.page import render, write_page

COLUMNS = ("rule", "severity", "source", "item", "box", "split", "found", "what_to_do")
# The page shows the head of a long list; the file has all of it.
MOST_ROWS_SHOWN = 200

# A spreadsheet takes a cell that starts so for a formula: https://owasp.org/www-community/attacks/CSV_Injection
_FORMULA_STARTS = ("=", "+", "-", "@", "\t", "\r")


def write_worklist(verdict: str, output: str, page: str, decision: str = "fix_data") -> dict[str, int]:
    """Turns the findings of a verdict into a work list.

    Args:
        verdict: the verdict's folder.
        output: folder to write worklist.csv to: UTF-8, `COLUMNS`, one row per case.
        page: file to write the page (HTML) to.
        decision: what the pipeline decided, for the page.

    Returns:
        Cases by rule.

    Raises:
        InputError: the folder holds no verdict.
    """
    judged = _read(Path(verdict))
    rows = list(_rows(judged["findings"]))
    counts = Counter(row["rule"] for row in rows)
    with write_atomically(Path(output) / "worklist.csv") as file:
        _write_csv(file, rows)
    html = render(
        "stop_with_evidence/page.html",
        title="Work list for the data",
        decision=decision,
        reason=judged["reason"],
        findings=judged["findings"],
        rows=rows[:MOST_ROWS_SHOWN],
        total=len(rows),
    )
    write_page(page, html)
    print(f"stopped with {decision}: {judged['reason']} {len(rows):,} entries in worklist.csv.", flush=True)
    return dict(counts)


def _read(verdict: Path) -> dict[str, Any]:
    try:
        return json.loads((verdict / "verdict.json").read_text(encoding="utf-8"))
    except (OSError, json.JSONDecodeError) as error:
        raise InputError(
            f"{verdict} holds no readable verdict.json ({error}); give data_quality_gate's folder."
        ) from None


def _rows(findings: list[dict[str, Any]]) -> Iterator[dict[str, str]]:
    """Yields the rows; a finding without items is one row."""
    for finding in findings:
        whole = {"id": "", "source": "", "split": "", "box": -1, "detail": finding["message"]}
        for item in finding["items"] or [whole]:
            yield {
                "rule": finding["rule"],
                "severity": "accepted" if finding["accepted"] else finding["severity"],
                "source": item["source"],
                "item": item["id"],
                "box": str(item["box"]) if item["box"] >= 0 else "",
                "split": item["split"],
                "found": item["detail"],
                "what_to_do": finding["advice"],
            }


def _write_csv(path: Path, rows: list[dict[str, str]]) -> None:
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(COLUMNS)
        writer.writerows([_as_text(row[name]) for name in COLUMNS] for row in rows)


def _as_text(cell: str) -> str:
    """A cell that a spreadsheet shows as it is, and never runs."""
    return f"'{cell}" if cell.startswith(_FORMULA_STARTS) else cell
