"""Levers from a file: our YAML, or a `pipeline.config` of the TF Object Detection API."""

from collections.abc import Mapping
from typing import Any

from ...data import storage
from ...errors import InputError
from .config import FineTuneConfig
from .faults import validated
from .tfod import read_pipeline
from .yaml_form import parse_yaml

_YAML = (".yaml", ".yml")
_TFOD = (".config", ".pbtxt")


def read_config(location: str, given: Mapping[str, Any] | None = None) -> tuple[FineTuneConfig, list[str]]:
    """Reads levers.

    Args:
        location: path or gs:// URI of a .yaml file, or of a TFOD pipeline .config.
        given: values by lever that outdo the file's; the levers are checked together with them.

    Returns:
        The levers, and what was not taken over: path and value of each such field of a TFOD file; empty for YAML.

    Raises:
        InputError: it cannot be read, or has a value that is not allowed.
    """
    if not location.endswith(_YAML + _TFOD):
        raise InputError(
            f"{location}: give a file of levers that ends in .yaml, or a TFOD pipeline that ends in .config"
        )
    text = read_text(location)
    given = dict(given or {})
    if location.endswith(_YAML):
        return parse_yaml(text, location, given), []
    values, left = read_pipeline(text, location, given.get("architecture", ""))
    return validated(FineTuneConfig, values | given, location), left


def read_text(location: str) -> str:
    """The text of a file of levers, a path or gs:// URI.

    Raises:
        InputError: it cannot be read.
    """
    try:
        return storage.read_bytes(location).decode("utf-8-sig")
    except OSError as error:
        raise InputError(f"the levers in {location} cannot be read: {error}") from None
    except UnicodeDecodeError as error:
        raise InputError(f"{location} is no text in UTF-8, see its byte {error.start}") from None
