"""What the emulator learns with: the nearest of the rows or images that it was trained on."""

import io
from collections import Counter
from collections.abc import Sequence

import numpy as np
from PIL import Image

from . import bucket
from .errors import invalid

Row = dict[str, str]

# Queries at a time, so that the distances to 100,000 rows fit in 0.2 GB.
_CHUNK = 256
_MOST_CATEGORIES = 30
# Pixels of an image's side, enough to tell colours and coarse shapes apart.
_THUMBNAIL = 12


class Columns:
    """Turns rows into vectors: numbers standardised and 0 where there is none, everything else one-hot."""

    def __init__(self, rows: Sequence[Row], names: Sequence[str]) -> None:
        self.names = list(names)
        self._numbers: dict[str, tuple[float, float]] = {}
        self._categories: dict[str, list[str]] = {}
        for name in names:
            values = [row[name] for row in rows if row[name]]
            if values and all(is_number(value) for value in values):
                numbers = np.array(values, float)
                self._numbers[name] = float(numbers.mean()), float(numbers.std()) or 1.0
            else:
                self._categories[name] = [value for value, _ in Counter(values).most_common(_MOST_CATEGORIES)]

    def vectors(self, rows: Sequence[Row]) -> np.ndarray:
        """Float32 [rows, features].

        Raises:
            ApiError: a row has not all columns, or a text where a number is wanted.
        """
        return np.concatenate([self._encoded(name, rows) for name in self.names], axis=1).astype(np.float32)

    def _encoded(self, name: str, rows: Sequence[Row]) -> np.ndarray:
        values = [str(row.get(name) or "") for row in rows]
        if any(name not in row for row in rows):
            raise invalid(f"Column {name!r} is missing.")
        if name in self._categories:
            known = np.array(self._categories[name], object)
            return (np.array(values, object)[:, None] == known) / np.sqrt(2)
        mean, deviation = self._numbers[name]
        if wrong := [value for value in values if value and not is_number(value)]:
            raise invalid(f"Column {name!r} expects a number, got {wrong[0]!r}.")
        return ((np.array([float(value) if value else mean for value in values]) - mean) / deviation)[:, None]


def nearest(known: np.ndarray, asked: np.ndarray, count: int) -> tuple[np.ndarray, np.ndarray]:
    """The nearest of the vectors `known` [n, d] to each of `asked` [m, d], by Euclidean distance.

    Returns:
        Their indices and distances, both [m, min(count, n)], the nearest first.
    """
    count = min(count, len(known))
    squares = (known**2).sum(axis=1)
    indices, distances = [np.empty((0, count), int)], [np.empty((0, count))]
    for start in range(0, len(asked), _CHUNK):
        some = asked[start : start + _CHUNK]
        squared = np.maximum(squares - 2 * some @ known.T + (some**2).sum(axis=1)[:, None], 0)
        near = np.argpartition(squared, count - 1, axis=1)[:, :count]
        order = np.take_along_axis(near, np.argsort(np.take_along_axis(squared, near, axis=1), axis=1), axis=1)
        indices.append(order)
        distances.append(np.sqrt(np.take_along_axis(squared, order, axis=1)))
    return np.concatenate(indices), np.concatenate(distances)


def thumbnail(uri: str) -> np.ndarray:
    """An image in the bucket as a vector, float32 [432] in 0..1.

    Raises:
        ApiError: there is none, or it cannot be read.
    """
    content = bucket.read(uri)
    try:
        image = Image.open(io.BytesIO(content)).convert("RGB").resize((_THUMBNAIL, _THUMBNAIL))
    except OSError as error:
        raise invalid(f"{uri} is no image: {error}") from None
    return (np.asarray(image, np.float32) / 255).ravel()


def is_number(text: str) -> bool:
    """Whether a text is a finite number."""
    try:
        return bool(np.isfinite(float(text)))
    except ValueError:
        return False
