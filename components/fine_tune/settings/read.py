"""Levers from a file: our YAML, or a `pipeline.config` of the TF Object Detection API."""

from ...data import storage
from ...errors import InputError
from .config import FineTuneConfig
from .faults import validated
from .tfod import read_pipeline
from .yaml_form import parse_yaml

_YAML = (".yaml", ".yml")
_TFOD = (".config", ".pbtxt")


def read_config(location: str, architecture: str = "") -> tuple[FineTuneConfig, list[str]]:
    """Reads levers.

    Args:
        location: path or gs:// URI of a .yaml file, or of a TFOD pipeline .config.
        architecture: takes the place of the file's own; "" for that.

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
    if location.endswith(_YAML):
        config = parse_yaml(text, location)
        return config.with_values(architecture=architecture) if architecture else config, []
    values, left = read_pipeline(text, location, architecture)
    return validated(FineTuneConfig, values, location), left


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
