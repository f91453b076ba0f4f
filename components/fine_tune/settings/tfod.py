"""Levers from a `pipeline.config` of the TF Object Detection API.

A field that its schema has a default for has that default where the file leaves it out. Schema:
https://github.com/tensorflow/models/tree/master/research/object_detection/protos.
"""

from typing import Any

from ...errors import InputError
from ...models.network_names import DETECTORS
from .messages import Message
from .text_format import parse
from .tfod_changes import augmentation
from .tfod_rates import learning_rate

# Feature extractors of `model.ssd` with one of our networks on the same backbone and the same kind of maps.
_COUNTERPARTS = {
    "ssd_mobilenet_v2": "ssdlite_mobilenet_v2",
    "ssd_mobilenet_v2_keras": "ssdlite_mobilenet_v2",
    "ssd_mobilenet_v2_fpn": "fpnlite_mobilenet_v2",
    "ssd_mobilenet_v2_fpn_keras": "fpnlite_mobilenet_v2",
    "ssd_mobilenet_v1_fpn": "fpnlite_mobilenet",
    "ssd_mobilenet_v1_fpn_keras": "fpnlite_mobilenet",
}
_OPTIMIZERS = {"momentum_optimizer": "sgd", "rms_prop_optimizer": "rmsprop", "adam_optimizer": "adam"}
_NOT_CONFIGURED = "PATH_TO_BE_CONFIGURED"


def read_pipeline(text: str, where: str, architecture: str) -> tuple[dict[str, Any], list[str]]:
    """Reads levers.

    Args:
        text: of the file.
        where: the file, for people.
        architecture: one of ours to use whatever the file says; "" for the counterpart of the file's.

    Returns:
        Values by lever, and path and value of every field that was not taken over.

    Raises:
        InputError: it is no such file, or its model has no counterpart and no architecture is given.
    """
    root = parse(text, where)
    for name in ("model", "train_config"):
        if not root.child(name).entries:
            raise InputError(f"{where}: this is no pipeline.config of the TF Object Detection API: it has no {name}")
    train = root.child("train_config")
    values = _model(root.child("model"), where, architecture)
    values |= _training(train) | _checkpoint(train) | _optimizer(train.child("optimizer"), train.count("num_steps", 0))
    values["augmentation"] = augmentation(train.children("data_augmentation_options"))
    return values, list(root.left())


def _model(model: Message, where: str, architecture: str) -> dict[str, Any]:
    (kind, *_) = model.names()
    network = model.child(kind)
    values: dict[str, Any] = {"architecture": _architecture(network, kind, where, architecture)}
    if "num_classes" in network.names():
        values["num_classes"] = network.count("num_classes", 0)
        network.take("num_classes")
    resizer = network.child("image_resizer").child("fixed_shape_resizer")
    height, width = resizer.count("height", 300), resizer.count("width", 300)
    if "fixed_shape_resizer" in network.child("image_resizer").names() and height == width:
        values["image_size"] = height
        resizer.take("height", "width")
    if "freeze_batchnorm" in network.names():
        values["freeze_batch_norm"] = network.flag("freeze_batchnorm", False)
        network.take("freeze_batchnorm")
    if kind == "ssd":
        values |= _loss(network.child("loss"))
    return values


def _architecture(network: Message, kind: str, where: str, architecture: str) -> str:
    extractor = network.child("feature_extractor")
    name = extractor.text("type")
    counterpart = _COUNTERPARTS.get(name) if kind == "ssd" and extractor.number("depth_multiplier", 1) == 1 else None
    if not architecture and not counterpart:
        described = f"{kind} ({name})" if name else kind
        raise InputError(
            f"{where}: the model is a {described}, which has no counterpart here: say which of our architectures to "
            f"use, architecture=NAME with one of {', '.join(DETECTORS)}"
        )
    if counterpart and architecture in ("", counterpart):
        extractor.take("type", "depth_multiplier")
    return architecture or str(counterpart)


def _loss(loss: Message) -> dict[str, Any]:
    values = {
        "classification_loss_weight": loss.number("classification_weight", 1),
        "localization_loss_weight": loss.number("localization_weight", 1),
    }
    loss.take("classification_weight", "localization_weight")
    focal = loss.child("classification_loss").child("weighted_sigmoid_focal")
    if focal.names():
        values["focal_gamma"] = focal.number("gamma", 2)
        focal.take("gamma")
    if "alpha" in focal.names():
        values["focal_alpha"] = focal.number("alpha", 0)
        focal.take("alpha")
    return values


def _training(train: Message) -> dict[str, Any]:
    values: dict[str, Any] = {
        "batch_size": train.count("batch_size", 32),
        "gradient_clipping_by_norm": train.number("gradient_clipping_by_norm", 0),
    }
    train.take("batch_size", "gradient_clipping_by_norm")
    if "use_bfloat16" in train.names():
        values["mixed_precision"] = "bfloat16" if train.flag("use_bfloat16", False) else "none"
        train.take("use_bfloat16")
    if steps := train.count("num_steps", 0):  # 0 is training without end
        values["num_steps"] = steps
        train.take("num_steps")
    return values


def _checkpoint(train: Message) -> dict[str, Any]:
    location, kind = train.text("fine_tune_checkpoint"), train.text("fine_tune_checkpoint_type")
    if not location or _NOT_CONFIGURED in location:
        return {}
    train.take("fine_tune_checkpoint")
    if kind in ("detection", "classification"):
        train.take("fine_tune_checkpoint_type", "from_detection_checkpoint")
    elif not kind:
        kind = "detection" if train.flag("from_detection_checkpoint", False) else "classification"
        train.take("from_detection_checkpoint")
    else:
        return {"fine_tune_checkpoint": location}
    return {"fine_tune_checkpoint": location, "fine_tune_checkpoint_type": kind}


def _optimizer(message: Message, num_steps: int) -> dict[str, Any]:
    """TFOD's weight decay is a loss of each layer (`l2_regularizer`), so that ours is off."""
    values: dict[str, Any] = {"weight_decay": 0.0}
    for name in [name for name in message.names() if name in _OPTIMIZERS]:
        optimizer = message.child(name)
        values["optimizer"] = _OPTIMIZERS[name]
        values |= learning_rate(optimizer.child("learning_rate"), num_steps)
        if name != "adam_optimizer":
            values["momentum"] = optimizer.number("momentum_optimizer_value", 0.9)
            optimizer.take("momentum_optimizer_value")
        average = message.flag("use_moving_average", True)
        values["ema_decay"] = message.number("moving_average_decay", 0.9999) if average else 0.0
        message.take("use_moving_average", "moving_average_decay")
    return values
