"""What a training is known by, and what it leaves in its model folder beside the model."""

import hashlib
import json
from collections.abc import Iterable, Sequence
from importlib.metadata import version
from typing import Any

import keras
import numpy as np
import tensorflow as tf

from ...data.dataset import Dataset
from ...data.items import Item
from ...data.storage import write_atomically
from ...models import history
from ...models.folder import ModelFolder
from ..loop.outcome import Outcome
from ..own.module import OwnModule
from ..restore import variables
from ..restore.variables import VariableRow
from ..settings.config import FineTuneConfig
from ..settings.yaml_form import write_config

# Levers that a page names in its first lines.
_NAMED = ("batch_size", "learning_rate", "optimizer", "learning_rate_schedule", "unfreeze_at_step", "freeze_batch_norm")


def fingerprint(
    config: FineTuneConfig, dataset: Dataset, network: keras.Model, own: OwnModule, learned_from: Iterable[str]
) -> str:
    """Digest of all that decides a training: its levers, data, first weights, the user's own code and ours.

    Args:
        config: resolved.
        dataset: whose digests say what its items are.
        network: with its first weights.
        own: the user's own code.
        learned_from: what of the data set is learned from, and how, such as the ids of the images that could be read.
    """
    code = [version("graduate"), tf.__version__, own.digest]
    decided = [config.model_dump(mode="json"), dataset.digests, code, list(learned_from)]
    digest = hashlib.sha256(json.dumps(decided).encode())
    for variable in network.variables:
        digest.update(np.ascontiguousarray(variable.numpy()).tobytes())
    return digest.hexdigest()


def trained_parameters(config: FineTuneConfig, outcome: Outcome) -> dict[str, Any]:
    """For `ModelFolder.parameters`: the levers that matter most, and how the training went."""
    return {
        **{name: getattr(config, name) for name in _NAMED},
        "steps": outcome.steps,
        "best_step": outcome.best_step,
        "stopped": outcome.stopped,
        "resumed_from": outcome.resumed_from,
        "training_seconds": round(outcome.seconds, 1),
    }


def set_aside(items: Sequence[Item], kept: Sequence[Item]) -> list[dict[str, str]]:
    """For `ModelFolder.parameters`: the images that could not be learned from, and why."""
    known = {item.id for item in kept}
    reason = "Its file is gone, or is no longer the one that was imported."
    return [{"id": item.id, "reason": reason} for item in items if item.id not in known]


def write_record(
    model: ModelFolder, config: FineTuneConfig, outcome: Outcome, rows: Sequence[VariableRow], own: OwnModule
) -> None:
    """Writes the training curves, the resolved levers, what became of each variable and the user's own module."""
    history.write(model.path, outcome.curve)
    with write_atomically(model.config) as file:
        file.write_text(write_config(config), encoding="utf-8")
    variables.write(model.variables, rows)
    if own.location:
        with write_atomically(model.own_module) as file:
            file.write_bytes(own.source)
