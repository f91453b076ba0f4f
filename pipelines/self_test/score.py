"""What the gate found of what was planted, and what besides: recall and precision of each rule."""

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass

from ...components.data.items import Box
from ...components.data_quality_gate.findings import Case
from ...components.data_quality_gate.geometry import edges, intersection_over_union
from ...components.data_quality_gate.rules import RULES
from ...components.data_quality_gate.verdict import Verdict
from ...components.reports.pictures import PredictedBox
from .planting import Planted, Spoiled

# Intersection over union from which on a proposed box is the one that was dropped.
_SAME_PLACE = 0.3
# Rules that rightly report a fault which was planted for another one to find.
_ALSO: dict[str, frozenset[str]] = {
    "wrong_value": frozenset({"range_break", "outlier"}),
    "range_break": frozenset({"outlier"}),
    "drift": frozenset({"range_break"}),
    "leakage": frozenset({"dominant_column", "new_column"}),
    "time_leakage": frozenset({"new_column"}),
    "constant_column": frozenset({"uninformative_columns", "new_column"}),
    "missing_values": frozenset({"uninformative_columns", "new_column"}),
    "id_column": frozenset({"uninformative_columns", "new_column"}),
    "contradiction": frozenset({"wrong_label", "wrong_value", "near_duplicate"}),
    "empty_text": frozenset({"wrong_label", "duplicate", "contradiction"}),
    "dark_image": frozenset({"low_information_image"}),
    "blurry_image": frozenset({"low_information_image"}),
    "low_information_image": frozenset({"blurry_image"}),
    "misplaced_box": frozenset({"missing_box"}),
    "box_degenerate": frozenset({"missing_box"}),
    "box_out_of_range": frozenset({"misplaced_box"}),
}


@dataclass(frozen=True, slots=True)
class Score:
    """How one rule fares.

    Attributes:
        rule: of the gate.
        planted: faults of its kind.
        missed: those of them that it does not report.
        reported: cases that it reports in the spoiled data and not in the data as they are.
        right: how many of these point at a planted fault that the rule is for, or that it tells of as well.
        as_before: cases that it reports in the spoiled data and in the data as they are.
        not_judged: why the gate could not look for it, or "".
    """

    rule: str
    planted: int
    missed: list[Planted]
    reported: int
    right: int
    as_before: int
    not_judged: str = ""

    @property
    def found(self) -> int:
        """Planted faults that the rule reports."""
        return self.planted - len(self.missed)

    @property
    def recall(self) -> float | None:
        """Share of the planted faults that are found; None where none was planted."""
        return self.found / self.planted if self.planted else None

    @property
    def precision(self) -> float | None:
        """Share of the reported cases that are right; None where none is reported."""
        return self.right / self.reported if self.reported else None


def scores(spoiled: Spoiled, verdict: Verdict, as_is: Verdict) -> list[Score]:
    """Scores every rule by which something was planted or reported, in the order in which the gate looks.

    Args:
        spoiled: the data with faults.
        verdict: on them.
        as_is: on the data as they are. What is found there is no false alarm for certain, so it is counted apart.
    """
    reported = {finding.rule: finding.cases for finding in verdict.findings}
    known = {(each.rule, case.id, case.column) for each in as_is.findings for case in each.cases}
    not_judged = {each.rule: each.reason for each in verdict.not_judged}
    faults = _Faults(spoiled.planted)
    rules = {each.rule for each in spoiled.planted} | reported.keys()
    return [
        _score(rule, reported.get(rule, ()), faults, spoiled, known, not_judged.get(rule, ""))
        for rule in sorted(rules, key=list(RULES).index)
    ]


class _Faults:
    """The planted faults by where they are."""

    def __init__(self, planted: Sequence[Planted]) -> None:
        self._by_line: defaultdict[int, list[Planted]] = defaultdict(list)
        for fault in planted:
            for line in fault.lines:
                self._by_line[line].append(fault)
        self._of_columns = [fault for fault in planted if fault.column]

    def told_by(self, rule: str, case: Case) -> list[Planted]:
        """The faults that a case of a rule rightly reports."""
        near = [*self._by_line[line], *self._of_columns] if (line := _line(case)) else self._of_columns
        return [fault for fault in near if _tells(rule, fault) and _points_at(case, fault)]


def _score(
    rule: str, cases: Sequence[Case], faults: _Faults, spoiled: Spoiled, known: set[tuple[str, str, str]], why_not: str
) -> Score:
    told = [faults.told_by(rule, case) for case in cases]
    is_known = [(rule, _origin(case, spoiled.origins), case.column) in known for case in cases]
    new = [bool(hit) for hit, old in zip(told, is_known, strict=True) if hit or not old]
    own = [fault for fault in spoiled.planted if fault.rule == rule]
    found = {fault for hit in told for fault in hit}
    missed = [fault for fault in own if fault not in found]
    return Score(rule, len(own), missed, len(new), sum(new), len(cases) - len(new), why_not)


def _tells(rule: str, fault: Planted) -> bool:
    return rule == fault.rule or rule in _ALSO.get(fault.rule, ())


def _points_at(case: Case, fault: Planted) -> bool:
    """Whether a case and a fault are of the same place, as far as both say it: row, column and box."""
    line = _line(case)
    if line and fault.lines and line not in fault.lines:
        return False
    if case.column and fault.column and case.column != fault.column:
        return False
    if case.box >= 0 and fault.box >= 0 and case.box != fault.box:
        return False
    if fault.place and not (case.proposal and _is_same_place(case.proposal, fault.place)):
        return False
    return bool((line and fault.lines) or (case.column and fault.column))


def _is_same_place(proposed: PredictedBox, dropped: Box) -> bool:
    return bool((intersection_over_union(edges([proposed]), edges([dropped])) >= _SAME_PLACE).all())


def _line(case: Case) -> int:
    """The line of the spoiled data that a case is of, 0 where it is of none."""
    number = case.source.rpartition(":")[2]
    return int(number) if number.isdecimal() else 0


def _origin(case: Case, origins: Sequence[str]) -> str:
    """The id that a case's item has in the data as they are; "" for a copy, and where it is of none."""
    line = _line(case)
    return origins[line - 1] if line else ""
