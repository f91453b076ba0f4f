"""Inputs of images, opened for no model in particular."""

from collections.abc import Iterator
from dataclasses import dataclass, field

from ..data.items import Task
from ..errors import InputError
from ..models.folder import ImageInput
from .inputs.open import open_source
from .records import Record, Source

_RECORDS = 32


def open_pictures(input: str) -> Source:
    """Opens any input that models of images take, see `inputs.open.open_source`.

    Raises:
        InputError: it cannot be read, or holds no images.
    """
    source = open_source(input, _AnyModel())  # pyright: ignore[reportArgumentType]: nothing is predicted
    if source.unit != "images":
        raise InputError(f"{input} holds rows of a table, not images")
    return source


def records_of(source: Source) -> Iterator[Record]:
    """Yields the records of a source of images, in order."""
    for chunk in source.chunks(_RECORDS):
        if isinstance(chunk, list):
            yield from chunk


@dataclass(frozen=True)
class _AnyModel:
    """What `open_source` looks at."""

    name: str = "a model of images"
    task: Task | None = None
    input: ImageInput = field(default_factory=lambda: ImageInput(kind="image", name="", height=0, width=0))
