"""The work list: what the data's owner has to look at, one line per case, the gravest first."""

import csv
import json
from collections import Counter
from collections.abc import Iterator
from itertools import groupby
from pathlib import Path
from typing import Any

from ..data.storage import write_atomically
from ..errors import InputError
from ..reports.page import render, write_page

COLUMNS = ("rule", "severity", "source", "item", "box", "column", "split", "found", "what_to_do")
# The page shows the head of a long list; the file has all of it.
MOST_ROWS_SHOWN = 200

# A spreadsheet takes a cell that starts so for a formula: https://owasp.org/www-community/attacks/CSV_Injection
_FORMULA_STARTS = ("=", "+", "-", "@", "\t", "\r")


def write_worklist(verdict: str, output: str, page: str, decision: str = "fix_data") -> dict[str, int]:
    """Turns the findings of a verdict into a work list, a case at a time: there may be millions.

    Args:
        verdict: the verdict's folder.
        output: folder to write worklist.csv to: UTF-8, `COLUMNS`, one row per case.
        page: file to write the page (HTML) to.
        decision: what the pipeline decided, for the page.

    Returns:
        Cases by rule.

    Raises:
        InputError: the folder holds no verdict with its findings.
    """
    judged, cases = _read(Path(verdict)), Path(verdict) / "findings.jsonl"
    counts: Counter[str] = Counter()
    head: list[dict[str, str]] = []
    with write_atomically(Path(output) / "worklist.csv") as file, file.open("w", encoding="utf-8", newline="") as lines:
        writer = csv.writer(lines)
        writer.writerow(COLUMNS)
        for row in _rows(judged["findings"], cases):
            writer.writerow([_as_text(row[name]) for name in COLUMNS])
            counts[row["rule"]] += 1
            if len(head) < MOST_ROWS_SHOWN:
                head.append(row)
    html = render(
        "stop_with_evidence/page.html",
        title="Work list for the data",
        decision=decision,
        reason=judged["reason"],
        findings=judged["findings"],
        rows=head,
        total=counts.total(),
    )
    write_page(page, html)
    print(f"stopped with {decision}: {judged['reason']} {counts.total():,} entries in worklist.csv.", flush=True)
    return dict(counts)


def _read(verdict: Path) -> dict[str, Any]:
    try:
        return json.loads((verdict / "verdict.json").read_text(encoding="utf-8"))
    except (OSError, json.JSONDecodeError) as error:
        raise InputError(
            f"{verdict} holds no readable verdict.json ({error}); give data_quality_gate's folder."
        ) from None


def _rows(findings: list[dict[str, Any]], cases: Path) -> Iterator[dict[str, str]]:
    """Yields the rows in the order of the findings; a finding without cases is one row."""
    of_rule = groupby(_cases(cases), key=lambda case: case["rule"])
    for finding in findings:
        whole = {"id": "", "source": "", "split": "", "box": -1, "column": "", "detail": finding["message"]}
        rule, found = next(of_rule, ("", [])) if finding["count"] else (finding["rule"], [whole])
        if rule != finding["rule"]:
            raise InputError(f"{cases} is not of the verdict beside it: run data_quality_gate again.")
        yield from (_row(finding, case) for case in found)


def _cases(path: Path) -> Iterator[dict[str, Any]]:
    try:
        with path.open(encoding="utf-8") as lines:
            yield from map(json.loads, lines)
    except (OSError, json.JSONDecodeError) as error:
        raise InputError(f"{path} cannot be read ({error}); give data_quality_gate's folder, whole.") from None


def _row(finding: dict[str, Any], case: dict[str, Any]) -> dict[str, str]:
    return {
        "rule": finding["rule"],
        "severity": "accepted" if finding["accepted"] else finding["severity"],
        "source": case["source"],
        "item": case["id"],
        "box": str(case["box"]) if case["box"] >= 0 else "",
        "column": case["column"],
        "split": case["split"],
        "found": case["detail"],
        "what_to_do": finding["advice"],
    }


def _as_text(cell: str) -> str:
    """A cell that a spreadsheet shows as it is, and never runs."""
    return f"'{cell}" if cell.startswith(_FORMULA_STARTS) else cell
