"""Augmentations of the TF Object Detection API, as far as they are ours; see its `core/preprocessor.py`."""

from collections.abc import Callable, Mapping
from functools import partial
from typing import Any

from .messages import Message


def augmentation(options: list[Message]) -> dict[str, Any]:
    """Levers of `Augmentation`; what the file does not name is off.

    Args:
        options: messages `data_augmentation_options`; what is taken over is noted in them.
    """
    values: dict[str, Any] = {"zoom": 0.0, "brightness": 0.0}
    for option in options:
        for name in option.names():
            if name in _READERS:
                values |= _READERS[name](option.child(name))
    return values


def _flip(lever: str, change: Message) -> dict[str, Any]:
    """Ours flips every other image."""
    if change.number("probability", 0.5) != 0.5:
        return {}
    change.take("probability")
    return {lever: True}


def _hue(change: Message) -> dict[str, Any]:
    value = change.number("max_delta", 0.02)
    change.take("max_delta")
    return {"hue": value}


def _factor(lever: str, change: Message) -> dict[str, Any]:
    """Ours lies evenly about 1."""
    least, most = change.number("min_delta", 0.8), change.number("max_delta", 1.25)
    if abs(least + most - 2) > 1e-6:
        return {}
    change.take("min_delta", "max_delta")
    return {lever: most - 1}


_READERS: Mapping[str, Callable[[Message], dict[str, Any]]] = {
    "random_horizontal_flip": partial(_flip, "horizontal_flip"),
    "random_vertical_flip": partial(_flip, "vertical_flip"),
    "random_adjust_hue": _hue,
    "random_adjust_contrast": partial(_factor, "contrast"),
    "random_adjust_saturation": partial(_factor, "saturation"),
}
