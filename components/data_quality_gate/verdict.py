"""The verdict: fix the data, graduate to an own model, or ship the baseline."""

import difflib
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Literal, get_args

from ..errors import InputError
from .findings import Finding, NotJudged
from .rules import RULES
from .standing import DEPLOY_ABOVE, FIX_BELOW, Standing

Decision = Literal["fix_data", "graduate", "deploy_baseline"]
AUTO = "auto"


@dataclass(frozen=True, slots=True)
class Verdict:
    """What the gate decides, and why.

    Attributes:
        decision: one of the three.
        reason: one or two sentences for people.
        decided_by: "user" where the decision was forced by parameter.
        standing: where the baseline stands.
        findings: the gravest first.
        not_judged: rules that could not be looked for.
    """

    decision: Decision
    reason: str
    decided_by: Literal["auto", "user"]
    standing: Standing
    findings: Sequence[Finding]
    not_judged: Sequence[NotJudged]

    def as_json(self) -> dict[str, Any]:
        """Content of verdict.json."""
        return {
            "decision": self.decision,
            "reason": self.reason,
            "decided_by": self.decided_by,
            "metric": self.standing.metric,
            "baseline": self.standing.baseline,
            "target": self.standing.target,
            "naive": self.standing.naive,
            "skill": self.standing.skill,
            "raw_ratio": self.standing.raw_ratio,
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
    standing: Standing, findings: Sequence[Finding], not_judged: Sequence[NotJudged], decision: str = AUTO
) -> Verdict:
    """Judges: critical findings that are not accepted come first, then the baseline's skill.

    Args:
        standing: where the baseline stands.
        findings: the gravest first.
        not_judged: rules that could not be looked for.
        decision: `auto`, or the decision that the user forces.
    """
    own, reason = _own_decision(standing, findings)
    if decision == AUTO:
        return Verdict(own, reason, "auto", standing, findings, not_judged)
    forced: Decision = next(word for word in get_args(Decision) if word == decision)
    reason = f"Forced by the parameter decision={forced}. The gate's own verdict is {own}: {reason}"
    return Verdict(forced, reason, "user", standing, findings, not_judged)


def _own_decision(standing: Standing, findings: Sequence[Finding]) -> tuple[Decision, str]:
    stopping = [finding for finding in findings if finding.stops]
    if stopping:
        faults = " ".join(f"{RULES[finding.rule].title}: {finding.message}" for finding in stopping)
        names = ",".join(finding.rule for finding in stopping)
        return "fix_data", f"{faults} Mend the data, or let it pass by name: accept={names}."
    place = (
        f"The baseline's {standing.metric} of {standing.baseline:.4g} is {standing.skill:.0%} of the way from guessing "
        f"({standing.naive:.4g}) to the target ({standing.target:.4g})"
    )
    if standing.skill < FIX_BELOW:
        return "fix_data", f"{place}, under {FIX_BELOW:.0%}: better or more data helps before an own model does."
    if standing.skill > DEPLOY_ABOVE:
        return "deploy_baseline", f"{place}, above {DEPLOY_ABOVE:.0%}: consider shipping the baseline as it is."
    return "graduate", f"{place}: the data holds the signal, and an own model can close the gap."
