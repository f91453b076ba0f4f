"""Image classifiers: a backbone with its features pooled, and a head; the head, or all of it, may be the team's own."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import keras
from keras import layers

from ...errors import InputError
from ...models.architectures import BY_NAME, Architecture
from ...models.backbones import untrained_backbone
from ...models.image_classifier import build_embedding
from ...models.network_names import CLASSIFIERS
from ..own.module import OwnModule
from ..own.outputs import named_outputs

# Of a whole own model.
OWN, OWN_IMAGE_SIZE = "own", 224


@dataclass(frozen=True)
class Classifier:
    """A classifier for images of one size.

    Attributes:
        architecture: its backbone by the name in `architectures.ARCHITECTURES`, or `OWN`.
        image_size: height and width in pixels.
        backbone: images float32 [N, H, W, 3], -1..1, to features [N, F]; None where the whole model is the team's own.
        heads: from features to outputs by name, `logits` [N, C] among them; of a whole own model, all of it.
        network: both.
    """

    architecture: str
    image_size: int
    backbone: keras.Model | None
    heads: keras.Model
    network: keras.Model

    @property
    def logits(self) -> keras.Model:
        """The network with its logits as only output, for the export."""
        return keras.Model(self.network.inputs, self.network.output["logits"], name="classifier")


def backbone_of(architecture: str) -> Architecture:
    """The backbone that the lever `architecture` names.

    Raises:
        InputError: no classifier has this name.
    """
    if architecture not in CLASSIFIERS:
        raise InputError(
            f"architecture is {architecture!r}: for image classification use one of {', '.join(CLASSIFIERS)}"
        )
    return BY_NAME[CLASSIFIERS[architecture]]


def classifier_on(backbone: str) -> str:
    """The value of the lever `architecture` for a backbone by its name in `architectures.ARCHITECTURES`."""
    return next(name for name, of in CLASSIFIERS.items() if of == backbone)


def build(architecture: str, num_classes: int, image_size: int, own: OwnModule) -> Classifier:
    """A classifier with random weights.

    Args:
        architecture: one of `CLASSIFIERS`; not looked at where the module has a whole model.
        num_classes: C.
        image_size: height and width in pixels.
        own: whose head or model takes the place of ours.

    Raises:
        InputError: there is no such classifier, or the own head or model cannot be used.
    """
    if own.build_model:
        network = _own_model(own.build_model, num_classes, image_size, own.location)
        return Classifier(OWN, image_size, None, network, network)
    chosen = backbone_of(architecture)
    embedding = build_embedding(untrained_backbone(chosen, image_size))
    backbone = keras.Model(embedding.inputs, embedding.output, name=chosen.name)
    features = keras.Input(backbone.output_shape[1:], name="features")
    heads = keras.Model(features, _head(own, features, num_classes), name="heads")
    network = keras.Model(backbone.inputs, heads(backbone.output), name="classifier")
    return Classifier(chosen.name, image_size, backbone, heads, network)


def _head(own: OwnModule, features: Any, num_classes: int) -> dict[str, Any]:
    if own.build_head:
        return named_outputs(own.build_head(features, num_classes), num_classes, f"{own.location}: build_head")
    return {"logits": layers.Dense(num_classes, dtype="float32", name="logits")(features)}


def _own_model(build_model: Callable[..., Any], num_classes: int, image_size: int, location: str) -> keras.Model:
    model = build_model(num_classes, image_size)
    if not isinstance(model, keras.Model):
        raise InputError(f"{location}: build_model gives {type(model).__name__}, not a keras.Model")
    images = keras.Input((image_size, image_size, 3), name="images")
    outputs = named_outputs(model(images), num_classes, f"{location}: build_model")
    return keras.Model(images, outputs, name="own")
