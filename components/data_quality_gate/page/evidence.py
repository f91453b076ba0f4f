"""What the gate's page shows: the verdict, and each finding with its evidence."""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from ...data.dataset import Dataset
from ...models.folder import ModelFolder
from ...models.metrics import HIGHER_IS_BETTER
from ..findings import Case, Counterfactual, Finding
from ..labels.balance import train_counts
from ..naive import guessing
from ..rules import RULES, SEVERITIES, Rule
from ..schema.profile import Profile
from ..verdict import Verdict
from .by_label import Cloud, Shares, Strips, by_label
from .distributions import Distribution, distributions
from .looked_for import by_reason, not_found
from .names import short
from .pictures import pictures
from .rows import ShownRow, shown_columns, shown_rows
from .scale import scale

MOST_LISTED = 100
MOST_LABELS = 60
MOST_CHARTS_PER_FINDING = 6
_MOST_COUNTERFACTUALS = 8
_OF_THE_LABEL = frozenset({"leakage", "dominant_column"})


@dataclass(frozen=True, slots=True, kw_only=True)
class Exhibit:
    """A finding with what the page shows of it.

    Attributes:
        finding: what was found.
        rule: its entry in the table of rules.
        changes: what would be measured without it, as arguments of the macro `change`.
        by_label: how its columns go with the label.
        distributions: of its columns.
        more_columns: how many of its columns are not drawn.
        pictures: arguments of the macro `picture`.
        columns: names of the shown columns of a table.
        rows: of a table, as texts in the order of `columns`.
        listed: the cases that are listed by name.
    """

    finding: Finding
    rule: Rule
    changes: Sequence[Mapping[str, Any]] = ()
    by_label: Sequence[Strips | Shares | Cloud] = ()
    distributions: Sequence[Distribution] = ()
    more_columns: int = 0
    pictures: Sequence[Mapping[str, Any]] = ()
    columns: Sequence[str] = ()
    rows: Sequence[ShownRow] = ()
    listed: Sequence[Case] = ()


def page_context(data: Dataset, baseline: ModelFolder, verdict: Verdict, profile: Profile) -> dict[str, Any]:
    """Names that the page's template uses."""
    counts = train_counts(data)
    numbers = {data.label_column: "test"} if data.task.predicts_numbers else {}
    found = {each.rule for each in verdict.findings}
    not_judged = {each.rule: each.reason for each in verdict.not_judged}
    return {
        "title": "Data quality gate",
        "verdict": verdict,
        "standing": verdict.standing,
        "scale": scale(verdict.standing) if verdict.standing else None,
        "guessing": guessing(data.task),
        "data": data,
        "baseline": baseline,
        "exhibits": _exhibits(data, verdict.findings, profile),
        "severities": SEVERITIES,
        "label_bars": [{"label": short(label), "value": n} for label, n in list(counts.items())[:MOST_LABELS]],
        "label_count": len(counts),
        "label_distributions": distributions(profile, numbers),
        "not_judged": by_reason(not_judged),
        "not_found": not_found(data.task, found, not_judged),
    }


def _exhibits(data: Dataset, findings: Sequence[Finding], profile: Profile) -> list[Exhibit]:
    if data.task.is_image:
        drawn = pictures(data, findings)
        return [_exhibit(each, pictures=drawn[each.rule]) for each in findings]
    rows = shown_rows(data, findings)
    return [
        _exhibit(each, columns=shown_columns(data, each), rows=rows[each.rule], **_charts(data, each, profile))
        for each in findings
    ]


def _exhibit(finding: Finding, **shown: Any) -> Exhibit:
    changes = [_change(each) for each in finding.counterfactuals[:_MOST_COUNTERFACTUALS]]
    return Exhibit(
        finding=finding, rule=RULES[finding.rule], changes=changes, listed=finding.cases[:MOST_LISTED], **shown
    )


def _charts(data: Dataset, finding: Finding, profile: Profile) -> dict[str, Any]:
    columns = _later_splits(finding)
    drawn = dict(list(columns.items())[:MOST_CHARTS_PER_FINDING])
    is_of_label = finding.rule in _OF_THE_LABEL
    return {
        "by_label": by_label(data, drawn) if is_of_label else [],
        "distributions": [] if is_of_label else distributions(profile, drawn),
        "more_columns": len(columns) - len(drawn),
    }


def _later_splits(finding: Finding) -> dict[str, str]:
    """The columns that a finding is about, each with the split to hold against train: test, or else validation."""
    splits: defaultdict[str, set[str]] = defaultdict(set)
    for case in finding.cases:
        if case.column:
            splits[case.column].add(case.split)
    return {column: "validation" if found == {"validation"} else "test" for column, found in splits.items()}


def _change(what: Counterfactual) -> dict[str, Any]:
    """Arguments of the macro `change`: an axis from 0 to the best value, or to a little more than both."""
    values = (what.before, what.after)
    start = min(0.0, *values)
    end = 1.0 if HIGHER_IS_BETTER.get(what.metric) else 1.1 * max(*values, 1e-9)
    return {
        "words": what.change,
        "metric": what.metric,
        "values": values,
        "lefts": [100 * (value - start) / (end - start) for value in values],
        "ends_of": (start, end),
        "note": what.note,
    }
