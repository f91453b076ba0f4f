"""Which evaluation was the best one, and when to wait for a better one no more."""

import math
from collections.abc import Mapping

from ...errors import InputError
from .learner import Learner
from .state import State


def note_evaluation(state: State, metrics: Mapping[str, float], learner: Learner, patience: int) -> bool:
    """Takes in the metrics of an evaluation.

    Args:
        state: changed in place; `stopped` is set when patience is at an end.
        metrics: of the weights after `state.step`.
        learner: says which of them counts.
        patience: evaluations without a better one after which training ends; 0 for never.

    Returns:
        Whether it is the best one so far.

    Raises:
        InputError: the metric is not among them.
    """
    metric = learner.metric
    if metric not in metrics:
        raise InputError(f"validation gives no {metric} to choose the best weights by, only {', '.join(metrics)}")
    sign = 1 if learner.higher_is_better else -1
    state.last = {"step": state.step, **metrics}
    best = state.best.get(metric, math.nan)
    if math.isnan(best) or sign * metrics[metric] > sign * best:
        state.best, state.best_step, state.worse = dict(metrics), state.step, 0
        return True
    state.worse += 1
    if patience and state.worse >= patience:
        state.stopped = (
            f"Stopped after step {state.step}: {metric} has not been better than {best:.4g} of step "
            f"{state.best_step} in {state.worse} evaluations."
        )
    return False
