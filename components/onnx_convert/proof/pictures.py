"""Pictures as models take them, and made-up ones with structure, which filters and resizing answer differently."""

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..tensors import TensorSpec

Picture = NDArray[np.float32]
# What floats may mean: whole numbers as in files, shares, or what MobileNet and its like were trained on.
RANGES = ("0..255", "0..1", "-1..1")


def pictures(count: int, height: int, width: int, channels: int, seed: int | Sequence[int]) -> Picture:
    """Pictures of every kind in turn, no two of them equal but black and white ones.

    Args:
        count: N.
        height: in pixels.
        width: in pixels.
        channels: C, each with a content of its own, so that their order matters.
        seed: other pictures for another one.

    Returns:
        float32 [N, height, width, C], 0..1.
    """
    random = np.random.default_rng(seed)
    kinds = (_shapes, _waves, _noise, _gradient, _shapes, _plain)
    return np.stack([kinds[place % len(kinds)](random, (height, width, channels)) for place in range(count)])


def is_picture(spec: TensorSpec) -> bool:
    """Whether an input is pictures, [N, H, W, C]."""
    return spec.shape is not None and len(spec.shape) == 4 and sizes(spec)[3] in (1, 3, 4, None)


def sizes(spec: TensorSpec) -> tuple[int | None, int | None, int | None, int | None]:
    """N, H, W and C of such an input; None where it is free."""
    assert spec.shape is not None
    count, height, width, channels = spec.shape
    return count, height, width, channels


def in_range(batch: NDArray[np.float32], dtype: str, style: int) -> NDArray[Any]:
    """Pictures of 0..1 as a dtype has them: whole numbers to 255, floats in one of the `RANGES`, by its place."""
    if not dtype.startswith("float"):
        return np.round(batch * 255).astype(dtype)
    return (np.round(batch * 255), batch, batch * 2 - 1)[style].astype(dtype)


def _gradient(random: np.random.Generator, shape: tuple[int, int, int]) -> Picture:
    """From one colour to another, in some direction."""
    down, right = _places(shape)
    slope = random.uniform(-1, 1, (2, 1, 1, shape[2]))
    return _in_range(slope[0] * down + slope[1] * right + random.uniform(0, 1, shape[2]))


def _waves(random: np.random.Generator, shape: tuple[int, int, int]) -> Picture:
    """Waves of several lengths, as the soft structure of a photograph."""
    down, right = _places(shape)
    total = np.full(shape, 0.5)
    for rounds in (1, 2, 4, 8):
        turns = random.uniform(-rounds, rounds, (2, 1, 1, shape[2]))
        start = random.uniform(0, 2 * np.pi, shape[2])
        total += np.sin(2 * np.pi * (turns[0] * down + turns[1] * right) + start) / (2 * rounds + 2)
    return _in_range(total)


def _shapes(random: np.random.Generator, shape: tuple[int, int, int]) -> Picture:
    """Ellipses and rectangles with sharp edges on a gradient."""
    down, right = _places(shape)
    picture = _gradient(random, shape)
    for place in range(6):
        y, x, high, wide = random.uniform((0, 0, 0.05, 0.05), (1, 1, 0.4, 0.4))
        below, beside = np.abs(down - y) / high, np.abs(right - x) / wide
        inside = below**2 + beside**2 < 1 if place % 2 else np.maximum(below, beside) < 1
        picture = np.where(inside, random.uniform(0, 1, shape[2]), picture)
    return _in_range(picture)


def _noise(random: np.random.Generator, shape: tuple[int, int, int]) -> Picture:
    """Every pixel by itself."""
    return random.random(shape, dtype=np.float32)


def _plain(random: np.random.Generator, shape: tuple[int, int, int]) -> Picture:
    """All black or all white."""
    return np.full(shape, random.integers(2), np.float32)


def _places(shape: tuple[int, int, int]) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """How far down and how far right each pixel is, 0..1, [height, 1, 1] and
    [1, width, 1]."""
    height, width, _ = shape
    return np.linspace(0, 1, height)[:, None, None], np.linspace(0, 1, width)[None, :, None]


def _in_range(picture: NDArray[np.floating]) -> Picture:
    return np.clip(picture, 0, 1).astype(np.float32)
