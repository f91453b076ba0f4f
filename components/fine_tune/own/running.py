"""Runs a Python source under the name of the file that it is from, and says where in it an error is."""

import hashlib
import importlib.util
import sys
import traceback
from importlib.abc import SourceLoader
from types import ModuleType

from ...errors import InputError


class _Source(SourceLoader):
    """Runs a source that is in memory; a later change of the file changes nothing."""

    def __init__(self, location: str, source: bytes) -> None:
        self._location, self._source = location, source

    def get_filename(self, fullname: str) -> str:
        return self._location

    def get_data(self, path: str | bytes) -> bytes:
        return self._source


def run(location: str, source: bytes) -> ModuleType:
    """Runs a source as a module of its own.

    Raises:
        InputError: it ends in an error.
    """
    name = f"own_module_{hashlib.sha256(source).hexdigest()[:12]}"
    spec = importlib.util.spec_from_loader(name, _Source(location, source), origin=location)
    assert spec
    assert spec.loader
    module = importlib.util.module_from_spec(spec)
    sys.modules[name] = module  # where dataclasses, pickle and inspect look a function's module up
    try:
        spec.loader.exec_module(module)
    except (Exception, SystemExit) as error:  # sys.exit(0) would look like a step that did its work
        del sys.modules[name]
        raise sentence(location, error) from error
    return module


def sentence(location: str, error: BaseException, function: str = "") -> InputError:
    """What went wrong in a module, and where: the last of its lines that led there."""
    lines = [frame.lineno for frame in traceback.extract_tb(error.__traceback__) if frame.filename == location]
    line = error.lineno if isinstance(error, SyntaxError) else lines[-1] if lines else None
    where = f"{location}, line {line}" if line else location
    return InputError(f"{where}{f', in {function}' if function else ''}: {type(error).__name__}: {error}")
