"""What was measured of a smaller file, what became of it, and the rule by which."""

from dataclasses import asdict, dataclass, field
from typing import Any, Literal

from ...models.folder import ModelFolder
from ...models.metrics import HIGHER_IS_BETTER

SmallerPrecision = Literal["fp16", "int8"]

# The longest that a call may take, as a share of float32's. int8 has to be faster, float16 weights are there for the
# size. Medians of turns taken side by side still differ by a few percent between two runs of one file.
MOST_TIME: dict[SmallerPrecision, float] = {"int8": 0.9, "fp16": 1.1}


@dataclass(frozen=True)
class Figures:
    """What was measured of one file.

    Attributes:
        bytes: its size.
        seconds: that one call computes on one thread (median), as batch prediction makes it: one image, or the rows
            of one batch.
        metric: on the labelled items of the test split.
    """

    bytes: int
    seconds: float
    metric: float


@dataclass(frozen=True)
class Trial:
    """Settings of which one was chosen.

    Attributes:
        settings: what was done, for people.
        bytes: of the file.
        metric: on the items that the choice was made on.
        loss: of it, as `Attempt.loss`.
        departure: mean absolute difference of the outputs from those of the float32 file.
        seconds: see `Figures`; all that were tried took turns with the float32 file.
    """

    settings: str
    bytes: int
    metric: float
    loss: float
    departure: float
    seconds: float = 0.0


@dataclass(frozen=True)
class Candidate:
    """The smaller file that is measured against the float32 one.

    Attributes:
        model: the model folder, with the smaller file in place of the float32 one.
        settings, calibrated_on, chosen_on, tried: as `Attempt` has them.
    """

    model: ModelFolder
    settings: str
    calibrated_on: int = 0
    chosen_on: str = ""
    tried: list[Trial] = field(default_factory=list)


@dataclass(frozen=True)
class Attempt:
    """What became of an attempt.

    Attributes:
        precision: of the weights, and for int8 of the activations too.
        accepted: whether the smaller file takes the place of the float32 one.
        reason: why, or why not; one sentence.
        budget: the loss that is allowed.
        metric: the name of what the loss is measured by.
        before, after: of the float32 file and of the smaller one; None where nothing was measured.
        loss: by how much the metric is worse: 0.01 is a point, for an error such as rmse a hundredth of what it was.
        settings: of the smaller file, for people.
        calibrated_on: how many training items the ranges of the activations come from.
        chosen_on: the items that the settings were chosen on, for people; never those of the test split.
        tried: the settings in the order in which they were tried.
    """

    precision: SmallerPrecision
    accepted: bool
    reason: str
    budget: float
    metric: str = ""
    before: Figures | None = None
    after: Figures | None = None
    loss: float | None = None
    settings: str = ""
    calibrated_on: int = 0
    chosen_on: str = ""
    tried: list[Trial] = field(default_factory=list)

    def as_json(self) -> dict[str, Any]:
        """The fields by name."""
        return asdict(self)


def loss_of(metric: str, before: float, after: float) -> float:
    """By how much a metric is worse, see `Attempt.loss`; negative where it is better."""
    if HIGHER_IS_BETTER[metric]:
        return before - after
    return (after - before) / max(before, 1e-12)


def judge(precision: SmallerPrecision, metric: str, before: Figures, after: Figures, budget: float) -> tuple[bool, str]:
    """Whether a smaller file takes the place of the float32 one, and why, in one sentence.

    It has to be smaller, to take at most `MOST_TIME`, and to lose at most `budget` of the metric.
    """
    most, size = MOST_TIME[precision], after.bytes / before.bytes
    loss = loss_of(metric, before.metric, after.metric)
    unit = "points" if HIGHER_IS_BETTER[metric] else "%"
    said = {
        f"a call takes {1e3 * after.seconds:.3g} ms against {1e3 * before.seconds:.3g} ms "
        f"(at most {most:g} times as long is asked)": after.seconds <= most * before.seconds,
        f"the file has {size:.0%} of float32's size": size < 1,
        f"{metric} is {after.metric:.4g} against {before.metric:.4g}, a loss of {max(100 * loss, 0):.2f} {unit} "
        f"({100 * budget:g} allowed)": loss <= budget,
    }
    if all(said.values()):
        return True, f"{precision} is taken: {'; '.join(said)}."
    return False, f"float32 is kept, {precision} is not worth it: " + "; ".join(
        sentence for sentence, passed in said.items() if not passed
    ) + "."
