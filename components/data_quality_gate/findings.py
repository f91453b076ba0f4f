"""What the gate finds: cases, each of one item or box, grouped by rule into findings."""

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass, replace
from typing import Any

from ..reports.pictures import PredictedBox
from .rules import RULES, SEVERITIES, Severity

# verdict.json is read by people and small tools; findings.jsonl has all cases.
MOST_IN_VERDICT = 1000


@dataclass(frozen=True, slots=True)
class Case:
    """One item that a rule found.

    Attributes:
        id: of the item, or of the image that could not become one; "" where the case is of a label or of a line.
        source: file and line.
        split: "" where unknown.
        detail: what was found, in words.
        box: index in the item's boxes, or -1 for the whole item.
        twin: split and id of the item that this one repeats.
        proposal: the box that the baseline would draw.
        column: name of the column that the case is of or in, "" where it is of none.
        label: the class that the case is of: as given, or as proposed where none is; "" where it is of none.
    """

    id: str
    source: str
    split: str
    detail: str
    box: int = -1
    twin: tuple[str, str] | None = None
    proposal: PredictedBox | None = None
    column: str = ""
    label: str = ""

    def as_json(self) -> dict[str, Any]:
        """One of the `items` of a finding in verdict.json, and with its rule one line of findings.jsonl.

        Most fields are as above. Where there is a proposal, `bbox` is its
        [xMin, xMax, yMin, yMax], as Vertex AI orders predicted boxes: shares of the image's width and height, 0..1.
        """
        names = ("id", "source", "split", "box", "column", "label", "detail")
        fields: dict[str, Any] = {name: getattr(self, name) for name in names}
        if box := self.proposal:
            fields["bbox"] = [box.xmin, box.xmax, box.ymin, box.ymax]
        return fields


@dataclass(frozen=True, slots=True)
class Counterfactual:
    """What would be measured if the data were otherwise: "drop `tax_code`: roc_auc 0.991 → 0.835".

    Attributes:
        change: what is changed, in words.
        metric: its name.
        before: of the data as they are.
        after: of the changed data, by the same kind of model on the same items where both have them.
        note: how it was measured, one sentence.
    """

    change: str
    metric: str
    before: float
    after: float
    note: str = ""


@dataclass(frozen=True, slots=True)
class Finding:
    """All cases of one rule, the worst first.

    Attributes:
        rule: its name.
        severity: from the rule and the measured value.
        message: what was measured, one sentence.
        measured: the value that the rule limits.
        threshold: its limit.
        cases: where it was found.
        accepted: whether the user accepts the rule, so that it stops nothing.
        counterfactuals: what would be measured without it, where that can be told.
    """

    rule: str
    severity: Severity
    message: str
    measured: float
    threshold: float
    cases: Sequence[Case]
    accepted: bool = False
    counterfactuals: Sequence[Counterfactual] = ()

    @property
    def stops(self) -> bool:
        """Whether the data has to be mended before anything is built on it."""
        return self.severity == "critical" and not self.accepted

    def as_json(self) -> dict[str, Any]:
        """One entry of verdict.json's `findings`."""
        return {
            "rule": self.rule,
            "severity": self.severity,
            "message": self.message,
            "measured": self.measured,
            "threshold": self.threshold,
            "accepted": self.accepted,
            "advice": RULES[self.rule].advice,
            "counterfactuals": [asdict(each) for each in self.counterfactuals],
            "count": len(self.cases),
            "items": [case.as_json() for case in self.cases[:MOST_IN_VERDICT]],
        }


@dataclass(frozen=True, slots=True)
class NotJudged:
    """A rule that the gate could not look for, and why: one sentence."""

    rule: str
    reason: str


Outcome = Finding | NotJudged


def finding(rule: str, measured: float, cases: Sequence[Case], message: str) -> list[Finding]:
    """The finding of a rule, or none where the measured value is within its threshold."""
    severity = RULES[rule].severity_of(measured)
    if severity is None:
        return []
    return [Finding(rule, severity, message, measured, RULES[rule].limit_of(severity), cases)]


def counted(rule: str, cases: Sequence[Case], of: str) -> list[Finding]:
    """The finding of a rule whose measure is how many cases there are.

    Args:
        rule: its name.
        cases: where it was found.
        of: among what, such as "1,203 images".
    """
    return finding(rule, len(cases), cases, f"{len(cases):,} case{'s'[: len(cases) != 1]} among {of}.")


def ids_by_split(cases: Iterable[Case]) -> dict[str, set[str]]:
    """The ids of the items of cases and of their twins, by split."""
    ids: defaultdict[str, set[str]] = defaultdict(set)
    for case in cases:
        for split, identity in filter(None, ((case.split, case.id), case.twin)):
            ids[split].add(identity)
    return ids


def marked(findings: Iterable[Finding], accepted: frozenset[str]) -> list[Finding]:
    """The findings, those of accepted rules marked so, the gravest first and otherwise in the order found."""
    found = [replace(each, accepted=each.rule in accepted) for each in findings]
    return sorted(found, key=lambda each: SEVERITIES.index(each.severity))
