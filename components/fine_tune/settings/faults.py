"""What is wrong with settings that somebody wrote, as one sentence."""

import reprlib
from collections.abc import Mapping
from difflib import get_close_matches
from typing import Any, TypeVar

from pydantic import BaseModel, ValidationError

from ...errors import InputError

Model = TypeVar("Model", bound=BaseModel)
Path = tuple[str, ...]

_SHORTENED = reprlib.Repr()
_SHORTENED.maxstring = _SHORTENED.maxother = 80


def validated(
    kind: type[Model], values: Mapping[str, Any], where: str, lines: Mapping[Path, int] | None = None
) -> Model:
    """The settings as a model.

    Args:
        kind: what they shall be.
        values: as they were read.
        where: where they are from, for people.
        lines: of the fields that were read, by their path.

    Raises:
        InputError: they are not of that kind.
    """
    try:
        return kind.model_validate(dict(values))
    except ValidationError as error:
        # Pydantic's own text is a list of several lines, with an entry for each member of a union.
        allowed: dict[Path, list[str]] = {}
        for found in error.errors(include_url=False):
            allowed.setdefault(_field(found["loc"], kind), []).append(_allowed(found))
        sentences = [_sentence(kind, path, values, texts, lines or {}) for path, texts in allowed.items()]
        raise InputError(f"{where}: {'; '.join(sentences)}") from None


def _field(location: tuple[int | str, ...], kind: type[BaseModel]) -> Path:
    """Names of the fields that lead to a fault: without places in a list and the members of a union."""
    if not location:
        return ()
    inner = kind.model_fields[str(location[0])].annotation if location[0] in kind.model_fields else None
    is_model = isinstance(inner, type) and issubclass(inner, BaseModel)
    return (str(location[0]), *map(str, location[1:] if is_model else ()))


def _allowed(found: Mapping[str, Any]) -> str:
    match found["type"]:
        case "value_error":
            return str(found["ctx"]["error"])
        case "extra_forbidden":
            return ""
        case "model_type":
            return "a mapping of names to values"
    in_list = any(isinstance(part, int) for part in found["loc"])
    return found["msg"].removeprefix("Input should be ") + (" in the list" if in_list else "")


def _sentence(
    kind: type[BaseModel], path: Path, values: Mapping[str, Any], allowed: list[str], lines: Mapping[Path, int]
) -> str:
    if not path:
        return allowed[0]
    line = f" (line {lines[path]})" if path in lines else ""
    owner: Any = kind
    value: Any = values
    for name in path[:-1]:
        owner, value = owner.model_fields[name].annotation, value[name]
    if path[-1] not in owner.model_fields:
        near = get_close_matches(path[-1], owner.model_fields, n=1)
        hint = f"did you mean {near[0]}?" if near else f"there are {', '.join(owner.model_fields)}"
        return f"there is no lever {'.'.join(path)}{line}: {hint}"
    if path[-1] not in value:
        return f"{'.'.join(path)} is missing"
    value = value[path[-1]]
    found = "empty" if value is None else _SHORTENED.repr(value)
    return f"{'.'.join(path)}{line} is {found}, but should be {' or '.join(dict.fromkeys(allowed))}"
