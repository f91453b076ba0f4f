"""The levers of a table, and what they are where nobody sets them."""

from ...errors import InputError
from ..settings.config import FineTuneConfig

_DEFAULT_PASSES = 60
_LEAST_STEPS, _MOST_STEPS = 2_000, 20_000
_LEARNING_RATE = 1e-3
_WARM_UP_SHARE = 0.05
_CHECKPOINTS = 10
# Training stops when so many measurements of the validation loss, one a pass, have not fallen below the best.
PATIENCE = 15

# All other levers change nothing in a network for tables.
LEVERS = (
    "num_classes",
    "module",
    "batch_size",
    "num_steps",
    "seed",
    "optimizer",
    "learning_rate",
    "momentum",
    "weight_decay",
    "gradient_clipping_by_norm",
    "ema_decay",
    "learning_rate_schedule",
    "warmup_steps",
    "decay_steps",
    "decay_factor",
    "evaluate_every",
    "checkpoint_every",
    "early_stopping_patience",
)


def with_table_defaults(config: FineTuneConfig, rows: int, labels: int) -> FineTuneConfig:
    """Resolves the levers of a table; those of images stay as they are.

    Args:
        config: what its user set.
        rows: to learn from; by default 60 passes over them, within 2,000 and 20,000 steps.
        labels: number of labels; 0 in regression.

    Raises:
        InputError: a lever is set that a table has no use for, or `num_classes` is not that of the data.
    """
    for lever, field in FineTuneConfig.model_fields.items():
        if lever not in LEVERS and getattr(config, lever) != field.default:
            raise InputError(f"{lever} is a lever for images, and this is a table: remove it from the configuration")
    if config.num_classes not in (None, labels):
        raise InputError(f"num_classes is {config.num_classes}, but the data has {labels} labels: remove it")
    # Small tables need many small steps, large ones few large steps.
    batch_size = config.batch_size or min(256, max(16, rows // 32))
    steps_a_pass = -(-rows // batch_size)
    num_steps = config.num_steps or min(max(_DEFAULT_PASSES * steps_a_pass, _LEAST_STEPS), _MOST_STEPS)
    return config.with_defaults(
        **({"num_classes": labels} if labels else {}),
        batch_size=batch_size,
        num_steps=num_steps,
        learning_rate=_LEARNING_RATE,
        warmup_steps=max(1, round(num_steps * _WARM_UP_SHARE)),
        ema_decay=0.0,
        evaluate_every=min(steps_a_pass, num_steps),
        checkpoint_every=max(steps_a_pass, num_steps // _CHECKPOINTS),
        early_stopping_patience=PATIENCE,
    )
