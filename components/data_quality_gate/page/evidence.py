"""What the gate's page shows: the worst cases of each finding, as pictures or as rows."""

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc

from ...data.dataset import Dataset
from ...data.items import SPLITS, Item
from ...models.folder import ModelFolder
from ..findings import Case, Finding
from ..labels.balance import train_counts
from ..naive import guessing
from ..rules import RULES, SEVERITIES, Rule
from ..standing import DEPLOY_ABOVE, FIX_BELOW
from ..verdict import Verdict
from .close_up import picture, whole_picture

# A page of at most this many pictures stays under a few megabytes.
MOST_PICTURES = 60
MOST_PICTURES_PER_FINDING = 12
MOST_ROWS_PER_FINDING = 10
MOST_COLUMNS = 12
MOST_LISTED = 500
MOST_LABELS = 60


@dataclass(frozen=True, slots=True)
class Exhibit:
    """A finding with what the page shows of it.

    Attributes:
        finding: what was found.
        rule: its entry in the table of rules.
        pictures: arguments of the macro `picture`.
        rows: (case, cells) of table rows, the cells as texts in the order of `columns`.
        columns: names of the shown columns of a table.
        listed: the cases that are listed by name.
    """

    finding: Finding
    rule: Rule
    pictures: Sequence[dict[str, Any]]
    rows: Sequence[tuple[Case, Sequence[str]]]
    columns: Sequence[str]
    listed: Sequence[Case]


def page_context(data: Dataset, baseline: ModelFolder, verdict: Verdict) -> dict[str, Any]:
    """Names that the page's template uses."""
    exhibits = _image_exhibits(data, verdict.findings) if data.task.is_image else _row_exhibits(data, verdict.findings)
    counts = train_counts(data)
    found = {finding.rule for finding in verdict.findings}
    not_judged = {each.rule: each.reason for each in verdict.not_judged}
    return {
        "title": "Data quality gate",
        "verdict": verdict,
        "standing": verdict.standing,
        "guessing": guessing(data.task),
        "bands": (FIX_BELOW, DEPLOY_ABOVE),
        "data": data,
        "baseline": baseline,
        "exhibits": exhibits,
        "severities": SEVERITIES,
        "label_bars": [{"label": label, "value": count} for label, count in list(counts.items())[:MOST_LABELS]],
        "label_count": len(counts),
        "rules": RULES,
        "not_judged": not_judged,
        "not_found": [rule.title for name, rule in RULES.items() if name not in found and name not in not_judged],
    }


def _image_exhibits(data: Dataset, findings: Sequence[Finding]) -> list[Exhibit]:
    pictured = sum(any(case.id for case in finding.cases) for finding in findings)
    share = min(MOST_PICTURES_PER_FINDING, max(MOST_PICTURES // max(pictured, 1), 2))
    # A pair of twins takes two pictures.
    shown = {
        f.rule: [c for c in f.cases if c.id][: share // 2 if f.cases[0].twin else share] for f in findings if f.cases
    }
    items = _items(data, (case for cases in shown.values() for case in cases))
    return [
        _exhibit(finding, pictures=[drawn for case in shown.get(finding.rule, ()) for drawn in _pictures(items, case)])
        for finding in findings
    ]


def _row_exhibits(data: Dataset, findings: Sequence[Finding]) -> list[Exhibit]:
    shown = {f.rule: [case for case in f.cases if case.id][:MOST_ROWS_PER_FINDING] for f in findings}
    names = sorted((column.name for column in data.columns), key=lambda name: name != data.label_column)[:MOST_COLUMNS]
    cells = _cells(data, names, {case.id for cases in shown.values() for case in cases})
    return [
        _exhibit(finding, rows=[(case, cells[case.id]) for case in shown[finding.rule]], columns=names)
        for finding in findings
    ]


def _exhibit(finding: Finding, **shown: Any) -> Exhibit:
    nothing = {"pictures": (), "rows": (), "columns": ()}
    return Exhibit(finding, RULES[finding.rule], listed=finding.cases[:MOST_LISTED], **{**nothing, **shown})


def _pictures(items: dict[tuple[str, str], Item], case: Case) -> list[dict[str, Any]]:
    if (case.split, case.id) not in items:  # an image that could not be read
        return []
    drawn = picture(items[case.split, case.id], case)
    if case.twin is None:
        return [drawn]
    split, identity = case.twin
    return [whole_picture(items[case.twin], f"{identity} ({split})"), drawn]


def _items(data: Dataset, cases: Iterable[Case]) -> dict[tuple[str, str], Item]:
    wanted: defaultdict[str, set[str]] = defaultdict(set)
    for case in cases:
        for split, identity in filter(None, ((case.split, case.id), case.twin)):
            wanted[split].add(identity)
    return {
        (split, item.id): item
        for split in SPLITS
        if wanted[split]
        for item in data.items(split)
        if item.id in wanted[split]
    }


def _cells(data: Dataset, names: list[str], ids: set[str]) -> dict[str, list[str]]:
    """Cells of these rows as texts, by row id."""
    wanted = pc.field("__id__").isin(pa.array(ids, pa.string()))
    return {
        row["__id__"]: [_text(row[name]) for name in names]
        for split in SPLITS
        for batch in data.batches(split, columns=["__id__", *names])
        for row in batch.filter(wanted).to_pylist()
    }


def _text(value: object) -> str:
    if isinstance(value, float) and value.is_integer():
        return str(int(value))
    return "" if value is None else str(value)
