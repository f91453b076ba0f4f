"""Loss scaling: keeps the small gradients of float16 from becoming 0 (Micikevicius et al. 2018, arXiv:1710.03740)."""

from ..settings.config import FineTuneConfig
from .state import State

# Those of keras.optimizers.LossScaleOptimizer, which wraps one optimiser, while a step here has two.
_FIRST_SCALE = 2.0**15
_STEPS_TO_DOUBLE = 2000


def first_scale(config: FineTuneConfig) -> float:
    """What the loss is multiplied by at first: 1 but for float16."""
    return _FIRST_SCALE if config.mixed_precision == "float16" else 1.0


def adapt(state: State, config: FineTuneConfig, is_finite: bool) -> None:
    """Halves the scale after a step whose gradients were no numbers, doubles it after many whose were."""
    if config.mixed_precision != "float16":
        return
    state.scaled_steps = state.scaled_steps + 1 if is_finite else 0
    if not is_finite:
        state.loss_scale /= 2
    elif state.scaled_steps == _STEPS_TO_DOUBLE:
        state.loss_scale, state.scaled_steps = state.loss_scale * 2, 0
