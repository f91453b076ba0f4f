"""A detector whose heads, or all of whose network, the team's own module builds."""

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import keras

from ...errors import InputError
from ...models.detection.detector import Detector
from ..own.module import OwnModule


def own_detector(detector: Detector, own: OwnModule, num_classes: int) -> Detector:
    """The detector with the module's own network or heads in place of ours; its anchors stay.

    Args:
        detector: ours.
        own: `build_model(num_outputs, image_size)` gives a model from images float32 [N, S, S, 3], -1..1, to `logits`
            [N, A, C] and `codes` [N, A, 4]; `build_head(features, num_outputs)` gives the two from the list of the
            backbone's feature maps.
        num_classes: C.

    Raises:
        InputError: the outputs do not fit the detector's anchors.
    """
    if own.build_model:
        built = own.build_model(num_classes, detector.image_size)
        if not isinstance(built, keras.Model):
            raise InputError(f"{own.location}: build_model gives a {type(built).__name__}: give a keras.Model")
        logits, codes = _fitting(built.output, detector, num_classes, f"{own.location}: build_model")
        network = keras.Model(built.input, [logits, codes], name="detector")
        # Nothing of it is frozen, or computed once.
        images = keras.Input(network.input_shape[1:], name="images")
        nothing = keras.Model(images, keras.layers.Identity()(images), name="own")
        return replace(detector, backbone=nothing, heads=network, network=network)
    if own.build_head:
        backbone = detector.backbone
        maps = [keras.Input(each.shape[1:]) for each in backbone.outputs]
        built = own.build_head(maps, num_classes)
        heads = keras.Model(maps, list(_fitting(built, detector, num_classes, f"{own.location}: build_head")))
        network = keras.Model(backbone.input, heads(backbone.outputs), name="detector")
        return replace(detector, heads=heads, network=network)
    return detector


def _fitting(outputs: Any, detector: Detector, num_classes: int, where: str) -> tuple[Any, Any]:
    """Logits and codes, if they are of the right shape."""
    anchors = len(detector.anchors.boxes)
    wanted = {"logits": (anchors, num_classes), "codes": (anchors, 4)}
    for name, shape in wanted.items():
        given = outputs.get(name) if isinstance(outputs, Mapping) else None
        if given is None or tuple(given.shape[1:]) != shape:
            found = "nothing" if given is None else f"the shape {list(given.shape)}"
            raise InputError(
                f"{where} gives {found} as {name}: give [N, {shape[0]}, {shape[1]}] for {detector.architecture}"
            )
    return outputs["logits"], outputs["codes"]
