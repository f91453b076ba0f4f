"""The verdict: fix the data, graduate to an own model, or ship the baseline."""

import difflib
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Literal, get_args

from ..errors import InputError
from ..reports.formats import number
from .findings import Finding, NotJudged
from .rules import RULES
from .standing import Standing

Decision = Literal["fix_data", "graduate", "deploy_baseline"]
AUTO = "auto"
_WORDS: dict[Decision, str] = {
    "fix_data": "fix the data",
    "graduate": "graduate to an own model",
    "deploy_baseline": "ship the baseline",
}


@dataclass(frozen=True, slots=True)
class Verdict:
    """What the gate decides, and why.

    Attributes:
        decision: one of the three.
        reason: one to three sentences for people.
        decided_by: "user" where the decision was forced by parameter.
        standing: where the baseline stands; None where there was nothing to measure it on.
        findings: the gravest first.
        not_judged: rules that could not be looked for.
        straddles: one sentence where the baseline's interval allows for another decision, otherwise "".
    """

    decision: Decision
    reason: str
    decided_by: Literal["auto", "user"]
    standing: Standing | None
    findings: Sequence[Finding]
    not_judged: Sequence[NotJudged]
    straddles: str = ""

    def figures(self) -> dict[str, float]:
        """Where the baseline stands, for the metrics of a pipeline UI; empty where there is nothing to measure on."""
        if self.standing is None:
            return {}
        found = {name: float(getattr(self.standing, name)) for name in ("skill", "baseline", "target", "naive")}
        low_high = self.standing.place_interval or ()
        return found | dict(zip((f"{self.standing.by}_low", f"{self.standing.by}_high"), low_high, strict=False))

    def as_json(self) -> dict[str, Any]:
        """Content of verdict.json."""
        place = self.standing
        return {
            "decision": self.decision,
            "reason": self.reason,
            "decided_by": self.decided_by,
            "metric": place and place.metric,
            "baseline": place and place.baseline,
            "interval": place and place.interval,
            "target": place and place.target,
            "target_is_given": place and place.target_is_given,
            "naive": place and place.naive,
            "judged_by": place and place.by,
            "skill": place and place.skill,
            "raw_ratio": place and place.raw_ratio,
            "place_interval": place and place.place_interval,
            "bands": place and place.bands,
            "straddles": self.straddles,
            "findings": [finding.as_json() for finding in self.findings],
            "not_judged": {each.rule: each.reason for each in self.not_judged},
        }


def checked_decision(decision: str) -> str:
    """Lets `auto` and the three decisions pass.

    Raises:
        InputError: it is another word; the nearest is named.
    """
    words = (AUTO, *get_args(Decision))
    if decision in words:
        return decision
    near = difflib.get_close_matches(decision, words, n=1, cutoff=0.5)
    hint = f"; did you mean {near[0]!r}?" if near else "."
    raise InputError(f"decision {decision!r} is none of {', '.join(words)}{hint}")


def decide(
    standing: Standing | None, findings: Sequence[Finding], not_judged: Sequence[NotJudged], decision: str = AUTO
) -> Verdict:
    """Judges: critical findings that are not accepted come first, then how much of the target the baseline reaches.

    Args:
        standing: where the baseline stands; None where there is nothing to measure it on.
        findings: the gravest first.
        not_judged: rules that could not be looked for.
        decision: `auto`, or the decision that the user forces.
    """
    own, reason, straddles = _own_decision(standing, findings)
    if decision == AUTO:
        return Verdict(own, reason, "auto", standing, findings, not_judged, straddles)
    forced: Decision = next(word for word in get_args(Decision) if word == decision)
    reason = f"Forced by the parameter decision={forced}. The gate's own verdict is {own}: {reason}"
    return Verdict(forced, reason, "user", standing, findings, not_judged, straddles)


def _own_decision(standing: Standing | None, findings: Sequence[Finding]) -> tuple[Decision, str, str]:
    """The decision, its reason, and where it straddles an edge."""
    stopping = [finding for finding in findings if finding.stops]
    if stopping:
        faults = " ".join(f"{RULES[finding.rule].title}: {finding.message}" for finding in stopping)
        names = ",".join(finding.rule for finding in stopping)
        return "fix_data", f"{faults} Mend the data, or let it pass by name: accept={names}.", ""
    if standing is None:
        return "fix_data", "There is no labelled item in the test split to measure the baseline on.", ""
    if not standing.target_is_given and not _has_learned(standing):
        return "fix_data", _place(standing) + ", which may be chance: from these data nothing was learned for sure.", ""
    decision, straddles = _at(standing, standing.place), _straddles(standing)
    return decision, " ".join(filter(None, (_reason(standing, decision), straddles))), straddles


def _has_learned(standing: Standing) -> bool:
    """Whether the baseline is better than guessing, beyond doubt where it has an interval."""
    return (standing.place_interval[0] if standing.place_interval else standing.place) > 0


def _at(standing: Standing, place: float) -> Decision:
    """What follows from this share of the target."""
    fix_below, deploy_above = standing.bands
    if place < fix_below:
        return "fix_data"
    return "deploy_baseline" if place > deploy_above else "graduate"


def _place(standing: Standing) -> str:
    place = f"The baseline's {standing.metric} of {number(standing.baseline)} is "
    if standing.by == "ratio":
        return f"{place}{standing.place:.0%} of the target ({number(standing.target)})"
    target = "the target" if standing.target_is_given else "the best there is"
    way = f"from guessing ({number(standing.naive)}) to {target} ({number(standing.target)})"
    if standing.skill <= 0:
        return f"{place}no step on the way {way}"
    return f"{place}{standing.skill:.0%} of the way {way}"


def _reason(standing: Standing, decision: Decision) -> str:
    fix_below, deploy_above = standing.bands
    return (
        _place(standing)
        + {
            "fix_data": f", under {fix_below:.0%}: better or more data helps before an own model does.",
            "graduate": ": the data holds the signal, and an own model can close the gap.",
            "deploy_baseline": f", above {deploy_above:.0%}: consider shipping the baseline as it is.",
        }[decision]
    )


def _straddles(standing: Standing) -> str:
    if standing.place_interval is None:
        return ""
    low, high = standing.place_interval
    others = {_at(standing, low), _at(standing, high)} - {_at(standing, standing.place)}
    if not others:
        return ""
    words = " or ".join(_WORDS[other] for other in get_args(Decision) if other in others)
    return (
        f"That is a close call: its 95 % confidence interval, {low:.0%} to {high:.0%}, also allows for the verdict to "
        f"{words}; more test items would settle it."
    )
