"""A run's parameters, checked against the compiled pipeline's own signature before anything starts.

KFP has neither choices nor bounds nor locations as types, so a parameter's description says them. One that ends in
"One of: a, b, c." takes only these, one that ends in "Any of: a, b, c." several of these, separated by commas.
"Between 0 and 9" bounds a number. "A location" stands for a local path or a gs:// URI to read from; "A location, or
imagenet" takes that word too. "A gs:// location" stands for a place to write to.
"""

import difflib
import json
import math
import os
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ..components.errors import InputError

# Locations end up in commands, URIs and conditions of several runners: what any of them gives a meaning is refused.
_UNSAFE_IN_LOCATION = re.compile(r"[\x00-\x1f\x7f\"'\\`$;|&<>*?!()\[\]{}]")
_REMOTE = "gs://"
# KFP replaces this in every argument of a task.
_PLACEHOLDER = "{{$"


@dataclass(frozen=True)
class Parameter:
    """One parameter of a pipeline; a `default` of None means that it is required."""

    name: str
    type: str
    description: str = ""
    default: Any = None

    @property
    def choices(self) -> tuple[str, ...]:
        """The only values it takes, or none at all where it takes any."""
        match = re.search(r"(One|Any) of: ([^.]+)\.$", self.description)
        return tuple(choice.strip() for choice in match[2].split(",")) if match else ()

    @property
    def bounds(self) -> tuple[int, int] | None:
        """The least and the largest value of a number, or None."""
        match = re.search(r"Between (-?\d+) and (-?\d+)", self.description)
        return (int(match[1]), int(match[2])) if match else None

    @property
    def takes_several(self) -> bool:
        """Whether it takes any number of its choices, separated by commas."""
        return "Any of: " in self.description

    @property
    def keyword(self) -> str:
        """The word that stands for a location, "" where there is none."""
        match = re.search(r"A location, or (\w+)", self.description)
        return match[1] if match else ""

    @property
    def is_location(self) -> bool:
        """Whether it is a local path or a gs:// URI."""
        return "A location" in self.description

    @property
    def is_destination(self) -> bool:
        """Whether it is a gs:// URI to write to."""
        return "A gs:// location" in self.description

    def locates(self, value: Any) -> bool:
        """Whether this value of it is a location, and not the word or the "" that stands for one."""
        return self.is_location and value not in ("", self.keyword)


def read_parameters(inputs: Mapping[str, Mapping[str, Any]]) -> dict[str, Parameter]:
    """Parameters of a spec's `inputDefinitions`, by name."""
    return {
        name: Parameter(
            name,
            definition["parameterType"],
            " ".join(definition.get("description", "").split()),
            definition.get("defaultValue"),
        )
        for name, definition in inputs.items()
    }


def resolve(parameters: Mapping[str, Parameter], settings: Sequence[str]) -> dict[str, Any]:
    """Values of all parameters of a run: those that are set, checked and typed, and the defaults.

    Args:
        parameters: the pipeline's parameters, by name.
        settings: `name=value`, as given to `--set`.

    Returns:
        One value per parameter, in the pipeline's order; local locations are absolute.

    Raises:
        InputError: an unknown, repeated, missing or ill-typed parameter, or a value that is not among its choices.
    """
    given: dict[str, str] = {}
    for setting in settings:
        name, equals, text = setting.partition("=")
        if not equals:
            raise InputError(f"--set {setting}: write it as name=value.")
        if name not in parameters:
            raise InputError(_unknown(name, parameters))
        if name in given:
            raise InputError(f"Parameter {name!r} is set twice: to {given[name]!r} and to {text!r}.")
        given[name] = text
    return {name: _value(parameter, given.get(name)) for name, parameter in parameters.items()}


def _unknown(name: str, parameters: Mapping[str, Parameter]) -> str:
    near = difflib.get_close_matches(name, parameters, n=1)
    advice = f"did you mean {near[0]!r}?" if near else f"it has: {', '.join(parameters)}."
    return f"The pipeline has no parameter {name!r}; {advice}"


def _value(parameter: Parameter, text: str | None) -> Any:
    if text is None:
        if parameter.default is None:
            raise InputError(f"Parameter {parameter.name!r} is required: add --set {parameter.name}=VALUE.")
        # YAML has one kind of number; the cache's key tells 3 from 3.0.
        return int(parameter.default) if parameter.type == "NUMBER_INTEGER" else parameter.default
    value = _typed(parameter, text)
    if parameter.bounds and not parameter.bounds[0] <= value <= parameter.bounds[1]:
        low, high = parameter.bounds
        raise InputError(f"Parameter {parameter.name!r} must be between {low:,} and {high:,}, but is {text}.")
    if parameter.choices:
        _check_choices(parameter, text)
    if parameter.is_destination:
        return _destination(parameter, text)
    return _location(parameter, text) if parameter.is_location else value


def _check_choices(parameter: Parameter, text: str) -> None:
    if text == parameter.default:
        return
    for given in text.split(",") if parameter.takes_several else [text]:
        if given.strip() not in parameter.choices:
            near = difflib.get_close_matches(given, parameter.choices, n=1)
            advice = f"; did you mean {near[0]!r}?" if near else "."
            choices = ", ".join(parameter.choices)
            raise InputError(f"Parameter {parameter.name!r} has {given!r}, which is not one of {choices}{advice}")


def _typed(parameter: Parameter, text: str) -> Any:
    wanted, read = _TYPES[parameter.type]
    try:
        return read(text)
    except ValueError:
        raise InputError(f"Parameter {parameter.name!r} must be {wanted}, but is {text!r}.") from None


def _text(text: str) -> str:
    if _PLACEHOLDER in text:
        raise ValueError(text)
    return text


def _finite(text: str) -> float:
    if not math.isfinite(number := float(text)):
        raise ValueError(text)
    return number


def _boolean(text: str) -> bool:
    if text.lower() not in ("true", "false"):
        raise ValueError(text)
    return text.lower() == "true"


def _list(text: str) -> list[Any]:
    if not isinstance(value := json.loads(text), list):
        raise ValueError(text)
    return value


def _struct(text: str) -> dict[str, Any]:
    if not isinstance(value := json.loads(text), dict):
        raise ValueError(text)
    return value


_TYPES = {
    "STRING": (f"a text without {_PLACEHOLDER}", _text),
    "NUMBER_INTEGER": ("a whole number", int),
    "NUMBER_DOUBLE": ("a number", _finite),
    "BOOLEAN": ("true or false", _boolean),
    "LIST": ("a JSON list", _list),
    "STRUCT": ("a JSON object", _struct),
}


def _location(parameter: Parameter, text: str) -> str:
    """The location as tasks get it: a local one is absolute; "" stands for none where that is the default."""
    if text in ("", parameter.keyword) and (text or parameter.default == ""):
        return text
    if not text:
        raise InputError(f"Parameter {parameter.name!r} is empty: give a local path or a gs:// URI.")
    if "://" in text and not text.startswith(_REMOTE):
        raise InputError(f"Parameter {parameter.name!r} is {text!r}: only local paths and gs:// URIs can be read.")
    location = text if text.startswith(_REMOTE) else os.path.abspath(os.path.expanduser(text))
    for checked in (text, location):
        _check_safe(parameter, checked)
    if not location.startswith(_REMOTE) and not Path(location).exists():
        raise InputError(f"Parameter {parameter.name!r}: there is no file or folder {location}.")
    return location


def _destination(parameter: Parameter, text: str) -> str:
    if text and not text.startswith(_REMOTE):
        raise InputError(f"Parameter {parameter.name!r} is {text!r}: give a gs:// URI to write to.")
    _check_safe(parameter, text)
    return text


def _check_safe(parameter: Parameter, location: str) -> None:
    if unsafe := _UNSAFE_IN_LOCATION.search(location):
        raise InputError(
            f"Parameter {parameter.name!r} has the character {unsafe[0]!r} at position {unsafe.start() + 1} of "
            f"{location!r}, which a location must not have; rename the file or folder."
        )
