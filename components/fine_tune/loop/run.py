"""The loop over stages, steps, evaluations and checkpoints, which goes on where it was interrupted."""

import time
from contextlib import closing
from typing import Any, NoReturn

import numpy as np

from ...errors import InputError
from ..settings.config import FineTuneConfig
from ..settings.optimizers import OwnSchedule, make_schedule
from .batches import batches
from .learner import Learner, Stage
from .log import Log
from .loss_scale import adapt, first_scale
from .outcome import Outcome
from .preemption import EXIT_CODE, Preemption
from .state import Checkpoints, State, held
from .step import Step
from .stopping import note_evaluation
from .variables import Variables
from .workers import START_PATIENCE_SECONDS, lost_workers_as_a_sentence, mean_of_workers, workers


def run(
    learner: Learner,
    config: FineTuneConfig,
    *,
    place: str,
    fingerprint: str,
    log_dir: str = "",
    schedule: OwnSchedule | None = None,
) -> Outcome:
    """Trains a network, or goes on with it.

    Args:
        learner: its network has the best weights afterwards, or the last ones if `validate` gives no metrics, and is
            as in the stage that they are from. With `config.ema_decay` they are moving averages.
        config: resolved.
        place: folder or gs:// URI of the checkpoints, the same after a restart; "" to keep none.
        fingerprint: digest of data, initial weights and config; checkpoints of another one are left alone.
        log_dir: folder or gs:// URI for TensorBoard; "" for none.
        schedule: of the learning rate, for the schedule `own`.

    Raises:
        InputError: a loss is not a number any more, or another training holds the place.
        ConnectionError: another worker has ended.
        SystemExit: with code 143, when SIGTERM has come and the state is saved, right after the step or evaluation
            under way; an evaluation that is due after that step is left to the resumed training. While features of all
            images are computed it is only noted, but nothing is new then that being killed could lose.
    """
    chief = workers().is_chief
    with held(place if chief else ""), lost_workers_as_a_sentence(), Preemption() as preemption:
        loop = _Loop(learner, config, Checkpoints(place, fingerprint), preemption)
        return loop.run(log_dir if chief else "", schedule)


class _Loop:
    """A training under way."""

    def __init__(
        self, learner: Learner, config: FineTuneConfig, checkpoints: Checkpoints, preemption: Preemption
    ) -> None:
        self._learner, self._config = learner, config
        self._checkpoints, self._preemption = checkpoints, preemption
        self._state = State(loss_scale=first_scale(config))

    def run(self, log_dir: str, schedule: OwnSchedule | None) -> Outcome:
        """Takes all stages that are left."""
        self._variables = Variables(self._learner, self._config, schedule)
        resumed_from = self._resume()
        self._start = time.monotonic() - self._state.seconds
        rate = make_schedule(self._config, own=schedule)
        self._log = Log(self._state, self._config, rate, self._learner.metric, log_dir)
        self._train_stages()
        self._variables.leave_best()
        state = self._state
        # Layers are frozen as when these weights were validated, also where a finished training is only read again.
        of_best = [each for each in self._learner.stages if each.first_step < (state.best_step or state.step)]
        of_best[-1].begin()
        return Outcome(
            curve=state.curve,
            best_step=state.best_step or state.step,
            best=state.best,
            stopped=state.stopped,
            resumed_from=resumed_from,
            seconds=state.seconds,
            steps=state.step,
        )

    def _resume(self) -> int:
        if loaded := self._checkpoints.load():
            self._state, arrays = loaded
            self._variables.restore(arrays)
            print(f"Training goes on after step {self._state.step}, from {self._checkpoints.last}.", flush=True)
        if mean_of_workers({"step": self._state.step}, START_PATIENCE_SECONDS)["step"] != self._state.step:
            raise InputError("the workers see different checkpoints: give a place that all of them share")
        return self._state.step

    def _train_stages(self) -> None:
        if self._state.finished:
            return
        stages, steps = self._learner.stages, self._config.num_steps or 0
        ends = [min(stage.first_step, steps) for stage in stages[1:]] + [steps]
        for stage, end in zip(stages, ends, strict=True):
            if self._state.done < end and not self._state.stopped:
                self._train(stage, end)
        self._state.finished = True
        self._save()

    def _train(self, stage: Stage, end: int) -> None:
        stage.begin()
        self._variables.begin(stage, goes_on=self._state.step > stage.first_step)
        variables = self._variables
        step = Step(
            stage, variables.heads, variables.backbone, self._config.gradient_clipping_by_norm, variables.averages
        )
        self._log.begin(stage.name)
        if self._state.is_open:
            self._after_step()
        with closing(batches(stage, self._config, self._state.step, end)) as made_ready:
            for place, batch in enumerate(made_ready):
                if self._state.stopped:
                    return
                if place == 0:
                    self._leave_if_asked(START_PATIENCE_SECONDS)
                if self._take(step, batch):
                    self._leave()
                self._after_step()

    def _take(self, step: Step, batch: Any) -> bool:
        """Takes a step; returns whether a worker asks all of them to leave."""
        state = self._state
        gradients, values = step.gradients(batch, state.loss_scale, self._preemption.asked)
        losses = {name: value for name, value in values.items() if not name.startswith(".")}
        if not np.isfinite(list(losses.values())).all():
            raise self._not_a_number(losses)
        if np.isfinite(values[".norm"]):
            step.apply(gradients, state.step + 1)
        elif state.loss_scale == 1:
            raise self._not_a_number({"length of the gradients": values[".norm"]})
        adapt(state, self._config, bool(np.isfinite(values[".norm"])))
        state.step, state.is_open = state.step + 1, True
        self._log.add_step(losses)
        return values[".leave"] > 0 or (workers().count == 1 and self._preemption.asked)

    def _after_step(self) -> None:
        is_last = self._state.step == self._config.num_steps
        is_due = is_last or not self._state.step % (self._config.evaluate_every or 1)
        self._log.say(self._evaluate() if is_due else {})
        self._state.is_open = False
        if is_due:
            self._leave_if_asked()
        if not is_last and not self._state.step % (self._config.checkpoint_every or 1):
            self._save()

    def _evaluate(self) -> dict[str, float]:
        """Metrics of the averages, which are remembered if they are the best so far."""
        with self._variables.averages.in_place():
            metrics = mean_of_workers(self._learner.validate())
            patience = self._config.early_stopping_patience or 0
            if metrics and note_evaluation(self._state, metrics, self._learner, patience):
                self._variables.keep_best()
        return metrics

    def _save(self) -> None:
        self._state.seconds = time.monotonic() - self._start
        if workers().is_chief:
            self._checkpoints.save(self._state, self._variables.arrays())

    def _leave_if_asked(self, patience: float = 0.0) -> None:
        if mean_of_workers({"asked": float(self._preemption.asked)}, patience)["asked"] > 0:
            self._leave()

    def _leave(self) -> NoReturn:
        self._save()
        if workers().is_chief:
            kept = f"the state is in {self._checkpoints.last}" if self._checkpoints.last else "nothing was kept"
            print(f"SIGTERM: training ends after step {self._state.step}, {kept}.", flush=True)
        raise SystemExit(EXIT_CODE)

    def _not_a_number(self, values: dict[str, float]) -> InputError:
        last = self._checkpoints.last
        print(f"The last good weights are in {last}." if last else "No checkpoint holds good weights.", flush=True)
        found = ", ".join(f"{name} {value:g}" for name, value in values.items())
        return InputError(
            f"the loss is not a number at step {self._state.step + 1} ({found}): lower learning_rate, or look for "
            "damaged items in the training data"
        )
