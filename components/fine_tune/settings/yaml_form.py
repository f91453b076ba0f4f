"""The YAML form of the levers."""

import re
import textwrap
from collections.abc import Iterator, Mapping
from typing import Any

import yaml
from pydantic import BaseModel

from ...errors import InputError
from .config import FineTuneConfig
from .faults import Path, validated

_WIDTH = 120


class _Loader(yaml.SafeLoader):
    """Reads 1e-3 as a number, as YAML 1.2 does (https://yaml.org/spec/1.2.2/#1032-tag-resolution)."""


_Loader.add_implicit_resolver(
    "tag:yaml.org,2002:float",
    re.compile(r"[-+]?(\.[0-9]+|[0-9]+(\.[0-9]*)?)([eE][-+]?[0-9]+)?$"),
    list("-+.0123456789"),
)


def parse_yaml(text: str, where: str, given: Mapping[str, Any] | None = None) -> FineTuneConfig:
    """Reads levers.

    Args:
        text: YAML, a mapping of levers to values.
        where: where it is from, for people.
        given: values by lever that outdo the text's.

    Raises:
        InputError: it is not YAML, names a lever twice, or a value is not allowed.
    """
    values, lines = parse_mapping(text, where)
    return validated(FineTuneConfig, values | dict(given or {}), where, lines)


def parse_mapping(text: str, where: str) -> tuple[dict[str, Any], dict[Path, int]]:
    """Reads what is given by lever, whatever it is.

    Args:
        text: YAML, a mapping.
        where: where it is from, for people.

    Returns:
        What is given, by lever, and the line of each, by its path.

    Raises:
        InputError: it is not YAML, or names a lever twice.
    """
    try:
        loader = _Loader(text)
        node = loader.get_single_node()
        values = loader.construct_document(node) if node else {}
    except yaml.MarkedYAMLError as error:
        line = f", line {error.problem_mark.line + 1}" if error.problem_mark else ""
        raise InputError(f"{where}{line}: this is not YAML, {error.problem}") from None
    except (yaml.YAMLError, ValueError, RecursionError) as error:  # such as the date 2026-02-30
        raise InputError(f"{where}: this is not YAML, {str(error).splitlines()[0]}") from None
    if not isinstance(values, dict):
        raise InputError(f"{where}: this is no mapping of levers to values, such as `batch_size: 16`")
    return {str(name): value for name, value in values.items()}, dict(_lines(node, where))


def _lines(node: yaml.Node | None, where: str, path: Path = ()) -> Iterator[tuple[Path, int]]:
    """Yields the line of each lever, by its path; PyYAML would take the last of two of the same name."""
    if not isinstance(node, yaml.MappingNode) or len(path) > 1:
        return
    seen: dict[str, int] = {}
    for key, value in node.value:
        name, line = str(key.value), key.start_mark.line + 1
        if name in seen:
            raise InputError(f"{where}, line {line}: {'.'.join((*path, name))} was already given in line {seen[name]}")
        seen[name] = line
        yield (*path, name), line
        yield from _lines(value, where, (*path, name))


def write_config(config: FineTuneConfig) -> str:
    """All levers as YAML, each after a comment that says what it is."""
    return "# The levers of fine-tuning; null is the task's own default.\n" + "".join(_written(config))


def _written(model: BaseModel) -> Iterator[str]:
    for name, field in type(model).model_fields.items():
        value: Any = getattr(model, name)
        comment = textwrap.fill(field.description or "", _WIDTH, initial_indent="# ", subsequent_indent="# ")
        if isinstance(value, BaseModel):
            yield f"\n{comment}\n{name}:\n" + textwrap.indent("".join(_written(value)), "  ")
        else:
            yield f"\n{comment}\n{yaml.safe_dump({name: value}, width=10_000)}"
