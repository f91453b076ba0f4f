"""A compiled pipeline file: read once, checked for being one."""

import hashlib
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

from ..components.errors import InputError

_PARTS = {"root", "components", "deploymentSpec", "pipelineInfo"}
_ADVICE = "give the file that `graduate compile` wrote."


@dataclass(frozen=True)
class Spec:
    """A compiled pipeline: the message `PipelineSpec` of KFP (api/v2alpha1/pipeline_spec.proto) as YAML."""

    path: Path
    content: bytes
    document: dict[str, Any]

    @property
    def name(self) -> str:
        """Name of the pipeline."""
        return self.document["pipelineInfo"]["name"]

    @property
    def digest(self) -> str:
        """SHA-256 of the file's bytes, in hexadecimal."""
        return hashlib.sha256(self.content).hexdigest()

    @property
    def inputs(self) -> dict[str, dict[str, Any]]:
        """The pipeline's own parameters by name."""
        return self.document["root"].get("inputDefinitions", {}).get("parameters", {})


def read_spec(path: str | Path) -> Spec:
    """Reads a compiled pipeline.

    Raises:
        InputError: there is no such file, or it is not a compiled pipeline.
    """
    path = Path(path)
    try:
        content = path.read_bytes()
        # A platform's own settings follow as a second document; the runner has no use for them.
        document = next(iter(yaml.load_all(content, yaml.CSafeLoader)), None)
    except OSError as error:
        raise InputError(f"{path} cannot be read: {error.strerror}; {_ADVICE}") from None
    except yaml.YAMLError as error:
        raise InputError(f"{path} is not YAML: {' '.join(str(error).split())}") from None
    if not isinstance(document, dict) or not document.keys() >= _PARTS:
        raise InputError(f"{path} is not a compiled pipeline; {_ADVICE}")
    return Spec(path, content, document)
