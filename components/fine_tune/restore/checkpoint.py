"""Fills a network from a checkpoint, and accounts for every variable."""

from dataclasses import dataclass
from typing import Literal

import keras

from ...errors import InputError
from ...models.architectures import BY_NAME
from ...models.checkpoints.read import read_weights
from ...models.checkpoints.weights import Weights, first_names, has_folded_norms, place
from .variables import VariableRow

Kind = Literal["detection", "classification"]
Part = Literal["backbone", "heads"]
# A file that has one of these has the heads of a detector of ours, whose names begin so.
_HEADS = {"ssdlite": "box_predictor_0_box_depthwise/kernel", "fpnlite": "lateral_0/kernel"}
_NO_HEADS = "set fine_tune_checkpoint_type to classification, so that its backbone alone is restored"


@dataclass(frozen=True)
class Checkpoint:
    """Pretrained weights.

    Attributes:
        location: where they come from.
        architecture: the backbone that they fit, an `Architecture.name` of `architectures.ARCHITECTURES`.
        kind: what of them is restored: backbone and heads, or the backbone alone.
        heads: of which detectors the heads are: `ssdlite` or `fpnlite`, or "" of none.
        sentence: one plain sentence on them.
        folded: whether batch norms are folded into their convolutions: they must stay in inference mode.
        weights: their values, by the place in a network that they are for.
    """

    location: str
    architecture: str
    kind: Kind
    heads: str
    sentence: str
    folded: bool
    weights: Weights

    def restore(self, backbone: keras.Model, heads: keras.Model | None, kind: Kind) -> list[VariableRow]:
        """Puts into a network what fits it.

        Args:
            backbone: of `architecture`, whole or cut to feature maps, for images of any size.
            heads: all the rest; of a detector in `detection.detector` for the kind `detection`.
            kind: what to restore.

        Returns:
            A row per variable, the backbone's first.

        Raises:
            InputError: a variable of the backbone is not in the checkpoint, or in another shape; or all of the heads.
        """
        rows = [self._row(variable, "backbone") for variable in backbone.weights]
        if skipped := [row for row in rows if row.reason]:
            raise InputError(self._refusal(rows, skipped))
        head_rows = self._head_rows(heads, kind)
        # Each network by its own rows: an own head may have a layer that is called like one of the backbone's.
        self._assign(backbone, rows)
        self._assign(heads, head_rows)
        return rows + head_rows

    def _head_rows(self, heads: keras.Model | None, kind: Kind) -> list[VariableRow]:
        if heads is None:
            return []
        if kind == "classification":
            return _skipped(heads, "heads", "of a classification checkpoint only the backbone is restored")
        rows = [self._row(variable, "heads") for variable in heads.weights]
        if all(row.reason for row in rows):
            raise InputError(f"no variable of these heads is in the checkpoint {self.location}: {_NO_HEADS}")
        return rows

    def _row(self, variable: keras.Variable, part: Part) -> VariableRow:
        name, shape = variable.path, tuple(variable.shape)
        weight = self.weights.get(place(name))
        if weight is None:
            return VariableRow(name, shape, part, "", "not in the checkpoint")
        if weight.value.shape != shape:
            return VariableRow(name, shape, part, "", _misfit(name, weight.value.shape, shape))
        return VariableRow(name, shape, part, weight.source, "")

    def _assign(self, network: keras.Model | None, rows: list[VariableRow]) -> None:
        restored = {row.name for row in rows if row.source}
        for variable in network.weights if network else []:
            if variable.path in restored:
                variable.assign(self.weights[place(variable.path)].value)

    def _refusal(self, rows: list[VariableRow], skipped: list[VariableRow]) -> str:
        fitting = len(rows) - len(skipped)
        found = f"only {fitting} of {len(rows)} variables" if fitting else "nothing"
        missing = first_names([f"{row.name} ({row.reason})" for row in skipped], 2)
        return (
            f"the checkpoint {self.location} holds {found} of the backbone: it has {first_names(self.weights)}; "
            f"missing is {missing}; give a checkpoint of this architecture, or choose that of the checkpoint, "
            f"{self.architecture}"
        )


def open_checkpoint(location: str, kind: Kind | None, architecture: str = "MobileNetV2") -> Checkpoint:
    """Reads a checkpoint and says what it is.

    Args:
        location: local path or `gs://` URI in one of the forms of `models.checkpoints.read`, or `imagenet`.
        kind: what to restore of it; None for all that it has.
        architecture: whose weights to download for `imagenet`.

    Raises:
        InputError: it cannot be read, fits no architecture, or has no heads although the kind is `detection`.
    """
    pretrained = read_weights(location, BY_NAME[architecture])
    heads = next((name for name, variable in _HEADS.items() if variable in pretrained.weights), "")
    if kind == "detection" and not heads:
        raise InputError(f"the checkpoint {location} has no heads of one of our detectors: {_NO_HEADS}")
    kind = kind or ("detection" if heads else "classification")
    name = pretrained.architecture.name
    folded = has_folded_norms(pretrained.weights)
    return Checkpoint(location, name, kind, heads, _sentence(location, name, kind), folded, pretrained.weights)


def no_checkpoint(backbone: keras.Model | None, heads: keras.Model | None) -> list[VariableRow]:
    """The rows of a training from nothing."""
    reason = "no checkpoint was given"
    return _skipped(backbone, "backbone", reason) + _skipped(heads, "heads", reason)


def _skipped(network: keras.Model | None, part: Part, reason: str) -> list[VariableRow]:
    variables = network.weights if network else []
    return [VariableRow(variable.path, tuple(variable.shape), part, "", reason) for variable in variables]


def _misfit(name: str, theirs: tuple[int, ...], ours: tuple[int, ...]) -> str:
    if "class" in name and theirs[:-1] == ours[:-1]:
        return f"for another number of classes: {theirs[-1]} outputs in the checkpoint, {ours[-1]} here"
    return f"shape {list(theirs)} in the checkpoint, {list(ours)} here"


def _sentence(location: str, architecture: str, kind: Kind) -> str:
    if location == "imagenet":
        return f"Backbone {architecture} pretrained on ImageNet (keras.applications)."
    heads = " and the heads of a detector" if kind == "detection" else ""
    return f"Backbone {architecture}{heads} with the weights of {location}."
