"""What comes out of a training."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Outcome:
    """What came out of a training.

    Attributes:
        curve: about fifty points, and one per evaluation: {"step": ..., "learning_rate": ..., the mean of each loss
            since the point before, and where there was an evaluation its metrics as `validation_NAME`}.
        best_step: step whose weights the network has now.
        best: their metrics; empty without validation.
        stopped: a sentence if training ended early; or "".
        resumed_from: the step of the checkpoint that it went on from; 0 if it began anew.
        seconds: of training, evaluations included, before an interruption too.
        steps: that were taken.
    """

    curve: list[dict[str, float]]
    best_step: int
    best: dict[str, float]
    stopped: str
    resumed_from: int
    seconds: float
    steps: int
