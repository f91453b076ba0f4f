"""Image files: those of a folder, and those that a list names."""

import re
from collections.abc import Iterator

from ...data import storage
from ...prediction.instances import LONGEST_NAME
from ..records import Record
from .lines import Line, lines_of
from .listing import Listing
from .record_files import Reader
from .sources import RecordSource

_OBJECT = re.compile("gs://[^/]+/.+", re.DOTALL)


def open_images(listing: Listing) -> RecordSource:
    """Image files, each named by its path relative to the folder."""
    return RecordSource(listing.digest, len(listing), lambda: (image_record(uri, name, name) for name, uri in listing))


def image_record(uri: str, key: str, source: str) -> Record:
    """The record of an image file; a bad one where no file can have the name, or no result could hold it."""
    if len(uri) > LONGEST_NAME:
        return Record(source, source, "bad", fault=f"no file can have a name of {len(uri):,} characters")
    said = key.encode(errors="surrogateescape").decode(errors="backslashreplace")
    if said != key:
        return Record(said, said, "bad", fault=f"the file's name is not UTF-8: rename {said}")
    if "\0" in uri or (storage.is_remote(uri) and not _OBJECT.fullmatch(uri)):
        return Record(key, source, "bad", fault=f"no file can have the name {uri!r}: give a path or gs://BUCKET/NAME")
    return Record(key, source, "file", uri=uri)


def _records(uri: str, name: str) -> Iterator[Record]:
    for line in lines_of(uri):
        yield _listed(line, storage.parent(uri), f"{name}:{line.number}")


def _listed(line: Line, folder: str, source: str) -> Record:
    if line.fault:
        return Record(source, source, "bad", fault=line.fault)
    try:
        uri = storage.join(folder, line.content.decode())
    except UnicodeDecodeError:
        return Record(source, source, "bad", fault="the line is not UTF-8")
    return image_record(uri, storage.relative_name(uri, folder), source)


# A path or URI on each line, relative to the list's folder; blank lines are passed over.
LIST = Reader(lines_of, _records)
