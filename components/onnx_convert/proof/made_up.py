"""Inputs that are made up from a signature, where there are no real ones.

What a model refuses (a size that it has no answer for, an index beyond its vocabulary) is left out by who proves, so
these are bold.
"""

from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..tensors import Signature, Tensors, TensorSpec
from .pictures import RANGES, in_range, is_picture, pictures
from .ranged import Ranged

# Items; height and width in pixels, and length of a sequence, where these are free.
_MADE_UP = (
    (8, (64, 64), 16),
    (8, (96, 128), 16),
    (8, (51, 33), 33),
    (1, (37, 53), 7),
    (3, (128, 128), 5),
    (1, (480, 640), 64),
    (1, (8, 8), 1),
    (4, (224, 224), 24),
)
# Whole numbers below these: indexes of small and large vocabularies, and yes or no.
_BOUNDS = (10, 100, 1000, 2, 50, 30000, 5, 256)
# Floats that are no pictures, in the order in which they are made.
_SIZES = ("ones", "0..1", "hundreds")
_TEXTS = ("", "unknown", "größe", "東京", "two words", "  Spaces ", "0", "nan")


def made_up(signature: Signature, words: Sequence[str] = ()) -> Iterator[Tensors]:
    """Varied batches from the signature alone, the same ones each time, 34 items in total.

    Pictures have shapes, waves and noise; floats come in three ranges (pictures in 0..255, 0..1 and -1..1). One batch
    has missing values (NaN) among the floats of rank 2, as tables have.

    Args:
        signature: of the model.
        words: texts that the model may know.
    """
    fixed = next((spec.shape[0] for spec in signature.inputs if spec.shape and spec.shape[0]), None)
    for place, (items, size, length) in enumerate(_MADE_UP):
        for repeat in range(max(1, items // fixed) if fixed else 1):
            batch = {
                spec.name: _made_up(_shape(spec, fixed or items, size, length), spec, place, repeat, words)
                for spec in signature.inputs
            }
            yield Ranged(batch, _range(signature, place))


def _range(signature: Signature, place: int) -> str:
    """Of the floats of a batch of the kind at this place."""
    floats = [is_picture(spec) for spec in signature.inputs if spec.dtype.startswith(("float", "double"))]
    return (RANGES if all(floats) else _SIZES)[place % 3] if floats else ""


def _shape(spec: TensorSpec, count: int, size: tuple[int, int], length: int) -> tuple[int, ...]:
    """A shape that fits the input, with what is free filled in."""
    if spec.shape is None:
        return (count,)
    free = (count, *size, 3) if is_picture(spec) else (count, *[length] * len(spec.shape))
    return tuple(free[place] if given is None else given for place, given in enumerate(spec.shape))


def _made_up(shape: tuple[int, ...], spec: TensorSpec, place: int, repeat: int, words: Sequence[str]) -> NDArray[Any]:
    """Values for one input of a batch of the kind at this place."""
    seed = [place, repeat, *spec.name.encode()]
    random = np.random.default_rng(seed)
    if spec.dtype == "string":
        chosen = random.choice([*words[:1000], *_TEXTS] if random.random() < 0.5 or not words else list(words), shape)
        return np.asarray(chosen, dtype=object)
    if spec.dtype == "bool":
        return random.random(shape) < 0.5
    if is_picture(spec):
        count, height, width, channels = shape
        return in_range(pictures(count, height, width, channels, seed), spec.dtype, place % 3)
    if not spec.dtype.startswith(("float", "double")):
        is_flag = "mask" in spec.name or "type" in spec.name
        return random.integers(0, 2 if is_flag else _BOUNDS[place], shape).astype(spec.dtype)
    values = (random.normal(0, 1, shape), random.random(shape), random.normal(0, 100, shape))[place % 3]
    if len(shape) == 2 and place == len(_MADE_UP) - 1:
        values[random.random(shape) < 0.3] = np.nan
    return values.astype(spec.dtype)
