"""What people see of a training: progress lines, the curve, TensorBoard."""

from collections.abc import Mapping

from ...data.progress import Progress
from ...models.history import of_validation
from ...models.training import CURVE_POINTS
from ..settings.config import FineTuneConfig
from ..settings.optimizers import StageSchedule
from .state import State
from .tensorboard import TensorBoard


class Log:
    """Writes down how a training goes, in its state and for people."""

    def __init__(self, state: State, config: FineTuneConfig, rate: StageSchedule, metric: str, folder: str) -> None:
        """Begins where the state is.

        Args:
            state: whose curve and sums are added to.
            config: resolved.
            rate: learning rate of the heads.
            metric: of the evaluations, that progress lines show.
            folder: for TensorBoard, or "".
        """
        self._state, self._rate, self._metric = state, rate, metric
        self._steps, self._batch_size = config.num_steps or 0, config.batch_size or 0
        self._progress = Progress("train", "steps", self._steps, state.done)
        self._board = TensorBoard(folder)

    def begin(self, stage: str) -> None:
        """Notes the stage of the steps that follow."""
        self._stage, self._taken = stage, 0

    def add_step(self, losses: Mapping[str, float]) -> None:
        """Takes in the losses of a step."""
        state = self._state
        self._taken += 1
        state.summed += 1
        state.sums = {name: state.sums.get(name, 0.0) + value for name, value in losses.items()}

    def say(self, metrics: Mapping[str, float]) -> None:
        """Says how far training is after a step, with the metrics if it was evaluated."""
        state = self._state
        state.losses = {name: total / state.summed for name, total in state.sums.items()}
        if metrics or state.step == self._steps or state.step % max(1, self._steps // CURVE_POINTS) == 0:
            self._add_point(metrics)
        if self._taken > 1:
            self._progress.advance(note=self._note())
        else:
            # A stage has its own speed. In its first step the graph is traced, and features may have been computed.
            self._progress.restart()

    def _add_point(self, metrics: Mapping[str, float]) -> None:
        state = self._state
        values = {**state.losses, "learning_rate": float(self._rate(state.step - 1))}
        values |= {of_validation(name): value for name, value in metrics.items()}
        state.curve.append({"step": state.step, **values})
        self._board.write(state.step, values)
        state.sums, state.summed = {}, 0

    def _note(self) -> str:
        parts = [f"stage {self._stage}", *(f"{name} {value:.3g}" for name, value in self._state.losses.items())]
        if last := self._state.last:
            parts.append(f"{self._metric} {last[self._metric]:.3g} (step {last['step']:.0f})")
        return ", ".join([*parts, f"{self._progress.rate * self._batch_size:,.0f} examples/s"])
