"""Vertex AI's import files in JSON Lines, whatever they describe: what all of their schemas share."""

import codecs
from collections.abc import Iterator
from typing import Annotated, TypeVar

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, ValidationError
from pydantic.alias_generators import to_camel

from .. import storage
from ..items import Reject
from ..splits import named_split


def _split(word: str) -> str:
    split = named_split(word)
    if split is None:
        raise ValueError(f"{word!r} is none of training, validation, test")
    return split


class Schema(BaseModel):
    """Part of a line; its fields are written in camel case."""

    model_config = ConfigDict(alias_generator=to_camel, str_strip_whitespace=True)


class Classification(Schema):
    """A label."""

    display_name: str = ""


class ResourceLabels(Schema):
    """What is said of the item beside its annotations."""

    ml_use: Annotated[str, AfterValidator(_split)] = Field("", alias="aiplatform.googleapis.com/ml_use")


class Line(Schema):
    """What a line of any kind may hold."""

    classification_annotation: Classification | None = None
    classification_annotations: list[Classification] = []
    data_item_resource_labels: ResourceLabels = Field(default_factory=lambda: ResourceLabels.model_validate({}))

    @property
    def ml_use(self) -> str:
        """The split that the line names, or ""."""
        return self.data_item_resource_labels.ml_use

    @property
    def labels(self) -> list[str]:
        """The labels of the whole item, each once."""
        annotations = [*self.classification_annotations, self.classification_annotation or Classification()]
        return list(dict.fromkeys(annotation.display_name for annotation in annotations if annotation.display_name))


_AnyLine = TypeVar("_AnyLine", bound=Line)


def json_lines(uri: str, schema: type[_AnyLine]) -> Iterator[tuple[int, _AnyLine] | Reject]:
    """Yields the lines of a file with their numbers, counted from 1, and a reject for each that is not of the schema.

    Empty lines are passed over.

    Raises:
        OSError: the file cannot be opened.
    """
    name = storage.file_name(uri)
    with storage.open_binary(uri) as lines:
        for number, text in enumerate(lines, start=1):
            text = text.removeprefix(codecs.BOM_UTF8).strip()
            try:
                if text:
                    yield number, schema.model_validate_json(text)
            except ValidationError as error:
                yield Reject(f"{name}:{number}", "", "bad_row", _first_sentence(error))


def _first_sentence(error: ValidationError) -> str:
    first = error.errors(include_url=False)[0]
    place = ".".join(str(part) for part in first["loc"])
    return f"{place}: {first['msg']}" if place else first["msg"]
