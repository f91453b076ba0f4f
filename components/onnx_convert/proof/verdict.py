"""What a comparison proves, and what it does not."""

from .agreement import OutputProof
from .comparison import Comparison
from .detections import DetectionProof
from .found import NEEDED, SCORES


def verdict(comparison: Comparison) -> tuple[str, list[str]]:
    """Why a file is not proven (one sentence, "" where it is), and sentences on what the proof does not show."""
    reason = comparison.failure or _nothing(comparison) or _disagreement(comparison)
    unmoved, weaknesses = _unmoved(comparison)
    if comparison.refused:
        weaknesses.append(
            f"the source itself has no answer for {comparison.refused} of the batches: these were left out"
        )
    if comparison.missing:
        weaknesses.append(
            f"{comparison.missing} items have missing numbers, which the graph never asks for: these were left out"
        )
    weaknesses += [
        f"{each.unseen} values of the output {each.name} are so small beside its others that they could be wrong unseen"
        for each in (agreement.proof() for agreement in comparison.outputs.values())
        if each.unseen and each.name not in comparison.matched
    ]
    if comparison.without_inner:
        weaknesses.append(f"{comparison.without_inner}: the scores before the answers were not compared")
    beside = [name for name in comparison.matched if name not in NEEDED]
    if beside:
        weaknesses.append(f"{', '.join(beside)} go along with the detections, and were not compared")
    return reason or unmoved, weaknesses


def _nothing(comparison: Comparison) -> str:
    return "" if comparison.batches else "the source answers none of the inputs, so there is nothing to compare"


def _disagreement(comparison: Comparison) -> str:
    """The first output that departs, or inner value."""
    proofs = [each.proof() for each in comparison.compared]
    departing = next((each for each in proofs if not each.agrees), None)
    if departing is not None:
        kind = "inner value" if departing.inner else "output"
        return (
            f"the {kind} {departing.name} departs by up to {departing.max_abs_difference:.2g}; an item is "
            f"{departing.worst:.2g} off, where {departing.tolerance:.2g} is tolerated"
            + (f" (floats given as {departing.range})" if departing.range else "")
        )
    found = comparison.detections
    if found is not None and not found.agrees:
        return (
            f"{found.unmatched} detections have no match of the same class, score and box, and {found.excused} are "
            f"excused, of {found.detections}"
        )
    return ""


def _unmoved(comparison: Comparison) -> tuple[str, list[str]]:
    """Whether the inputs moved the answers: otherwise any weights would have passed."""
    weaknesses = []
    moving = [name for name, each in comparison.inner.items() if each.proof().varies]
    proofs = [each.proof() for each in comparison.outputs.values()]
    for proof in proofs:
        if proof.varies or not _counts(proof, comparison.detections):
            continue
        if not comparison.graph.depends_on(proof.name, comparison.graph.inputs):
            weaknesses.append(f"the output {proof.name} is a constant")
        elif not proof.dtype.startswith("float"):
            weaknesses.append(f"the output {proof.name} is the same for all inputs, so that nothing is proven of it")
        elif comparison.graph.depends_on(proof.name, moving):
            weaknesses.append(f"the output {proof.name} hardly changes from input to input, but the scores before do")
        else:
            return _vacuous(proof.name), weaknesses
    if not moving and not any(each.varies for each in proofs):
        return _vacuous("of the file"), weaknesses
    if comparison.detections is not None and not comparison.detections.detections:
        weaknesses.append("nothing was detected in any picture: boxes and scores are compared before suppression only")
    return "", weaknesses


def _counts(proof: OutputProof, detections: DetectionProof | None) -> bool:
    """Whether it is asked that an output moves: of detections the scores are, and not what goes along with them."""
    return detections is None or proof.name == SCORES


def _vacuous(name: str) -> str:
    return (
        f"the output {name} hardly changes from input to input: the weights look untrained, or the inputs do not "
        "matter, so that nothing is proven"
    )
