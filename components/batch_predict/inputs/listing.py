"""The files of an input, held in little more than the bytes of their names."""

import hashlib
from array import array
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from fnmatch import fnmatchcase

import pyarrow as pa
import pyarrow.compute as pc

from ...data import storage
from ..records import Source
from .kinds import Kind, kind_of

_NAMES_AT_ONCE = 4096


@dataclass(frozen=True)
class Listing:
    """Some files.

    Attributes:
        folder: URI of the folder that they are named from.
        names: of the files relative to it, in UTF-8, as they were found.
        order: places of the names when sorted.
        digest: of the names and versions.
    """

    folder: str
    names: pa.LargeBinaryArray
    order: pa.UInt64Array
    digest: str

    def __len__(self) -> int:
        return len(self.names)

    def __iter__(self) -> Iterator[tuple[str, str]]:
        """Yields the name and the URI of each file, sorted; bytes of a name that are no UTF-8 are lone surrogates."""
        for start in range(0, len(self), _NAMES_AT_ONCE):
            for encoded in self.names.take(self.order.slice(start, _NAMES_AT_ONCE)).to_pylist():
                name = encoded.decode(errors="surrogateescape")
                yield name, storage.join(self.folder, name)


Opener = Callable[[Listing], Source]


def list_by_kind(location: str) -> dict[Kind, Listing]:
    """Finds the files of a folder and its subfolders, of a `*` pattern, or a single file, by their kind.

    A `*` stands for any characters but `/`. Files of no kind are left out.

    Raises:
        OSError: there is nothing of that name, or it may not be read.
    """
    if "*" in location and not storage.exists(location):
        folder, slash, _ = location.partition("*")[0].rpartition("/")
        pattern = location.removeprefix(folder + slash)
        folder = folder or slash or "."
        return _listings(folder, storage.walk(folder), pattern.split("/"))
    found = storage.walk(location)
    if first := next(found, None):
        return _listings(location, _with(first, found))
    file = storage.join(".", location)  # names are relative to its folder, whose URI is an absolute one
    return _listings(storage.parent(file), iter(storage.versions(file)))


def _listings(folder: str, found: Iterator[tuple[str, str]], pattern: list[str] | None = None) -> dict[Kind, Listing]:
    folder = storage.join(folder, "").rstrip("/")
    collected: dict[Kind, _Collector] = {}
    for uri, version in found:
        name = storage.relative_name(uri, folder)
        kind = kind_of(name)
        if kind and (pattern is None or _matches(name, pattern)):
            collected.setdefault(kind, _Collector()).add(name, version)
    return {kind: collector.listing(folder) for kind, collector in collected.items()}


def _matches(name: str, pattern: list[str]) -> bool:
    parts = name.split("/")
    return len(parts) == len(pattern) and all(map(fnmatchcase, parts, pattern))


def _with(first: tuple[str, str], rest: Iterator[tuple[str, str]]) -> Iterator[tuple[str, str]]:
    yield first
    yield from rest


class _Collector:
    """Gathers names in any order; a Python object per name, or a copy to sort, would take several times the memory."""

    def __init__(self) -> None:
        self._names = bytearray()
        self._ends = array("q", [0])
        # The sum of the files' digests does not depend on their order, so no version has to be kept.
        self._digest = 0

    def add(self, name: str, version: str) -> None:
        encoded = name.encode(errors="surrogateescape")
        self._digest += int.from_bytes(hashlib.sha256(encoded + b"\0" + version.encode()).digest())
        self._names += encoded
        self._ends.append(len(self._names))

    def listing(self, folder: str) -> Listing:
        buffers = [None, pa.py_buffer(self._ends), pa.py_buffer(self._names)]
        names = pa.Array.from_buffers(pa.large_binary(), len(self._ends) - 1, buffers)
        digest = hashlib.sha256(f"{folder} {self._digest}".encode(errors="surrogateescape")).hexdigest()
        return Listing(folder, names, pc.call_function("array_sort_indices", [names]), digest)
