"""The first weights of a network of images, their precision, and when each of them is learned."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager

import keras

from ...errors import InputError
from ..loop.learner import Stage
from ..restore import variables
from ..restore.checkpoint import Checkpoint, Kind, open_checkpoint
from ..restore.variables import VariableRow
from ..settings.config import FineTuneConfig

_STATISTICS = ("moving_mean", "moving_variance")
_POLICIES = {"none": "float32", "bfloat16": "mixed_bfloat16", "float16": "mixed_float16"}


def open_given_checkpoint(config: FineTuneConfig, backbone: str, kind: Kind | None) -> Checkpoint | None:
    """The checkpoint that the levers name; None for a training from nothing.

    Args:
        config: not resolved yet.
        kind: what to restore; None for all that there is.
        backbone: whose weights `imagenet` stands for, a name of `architectures.ARCHITECTURES`.

    Raises:
        InputError: it cannot be used.
    """
    if not config.fine_tune_checkpoint or config.fine_tune_checkpoint_type == "none":
        return None
    return open_checkpoint(config.fine_tune_checkpoint, kind, backbone)


def check_norms(config: FineTuneConfig, checkpoint: Checkpoint | None) -> None:
    """Refuses to learn batch norms that a checkpoint has folded into its convolutions.

    Raises:
        InputError: `freeze_batch_norm` is false, and they are.
    """
    if checkpoint and checkpoint.folded and not config.freeze_batch_norm:
        raise InputError(
            f"freeze_batch_norm is false, but the batch norms of {checkpoint.location} are folded into its "
            "convolutions: leave it out, or give a checkpoint with whole ones"
        )


@contextmanager
def precision(mixed: str) -> Iterator[None]:
    """Networks built inside compute in this precision: `none` (float32), `bfloat16` or `float16`; weights are float32.

    https://keras.io/api/mixed_precision/policy
    """
    before = keras.config.dtype_policy()
    keras.config.set_dtype_policy(_POLICIES[mixed])
    try:
        yield
    finally:
        keras.config.set_dtype_policy(before)


def learned_rows(
    rows: Sequence[VariableRow], network: keras.Model, stages: Sequence[Stage], steps: int
) -> list[VariableRow]:
    """Rows of a network's variables with when each is learned: never, always, or from a step on.

    The moving statistics of a batch normalisation, which no gradient changes, are learned when its offset is.

    Args:
        rows: of some or all of its variables.
        network: that was trained.
        stages: of the training.
        steps: that were taken; a stage that would have begun later never did.
    """
    learning = {variable.path: "frozen" for variable in network.variables}
    for stage in reversed([each for each in stages if each.first_step < steps]):
        since = f"from step {stage.first_step}" if stage.first_step else "always"
        learning |= {variable.path: since for variable in [*stage.heads, *stage.backbone]}
    for path in list(learning):
        layer, _, name = path.rpartition("/")
        if name in _STATISTICS:
            learning[path] = learning.get(f"{layer}/beta", "frozen")
    return variables.learned(rows, learning)
