"""Files on this machine and in Cloud Storage (`gs://`), through one set of functions.

Reading functions raise `OSError` (`FileNotFoundError`, `PermissionError`) for either kind, so callers need not know
which they have. Cloud Storage uses the environment's credentials; with `STORAGE_EMULATOR_HOST` set it speaks to that
server instead, without credentials.
"""

import io
import os
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import BinaryIO, cast

from .cloud_storage import SCHEME, prefix_of, remote, upload_once
from .cloud_storage import StorageUnavailableError as StorageUnavailableError
from .local_files import is_hidden, version, walk_local


def is_remote(uri: str) -> bool:
    """Whether the URI is in Cloud Storage."""
    return uri.startswith(SCHEME)


def join(folder: str, name: str) -> str:
    """URI of `name` seen from `folder`: `name` itself when it is absolute or remote."""
    if is_remote(name):
        return name
    if is_remote(folder):
        return f"{folder.rstrip('/')}/{name}"
    return os.path.normpath(os.path.join(os.path.abspath(folder), name))


def parent(uri: str) -> str:
    """URI of the folder that holds a file."""
    return uri.rpartition("/")[0] if is_remote(uri) else os.path.dirname(os.path.abspath(uri))


def file_name(uri: str) -> str:
    """The last part of a URI."""
    return uri.rpartition("/")[2]


def relative_name(uri: str, folder: str) -> str:
    """Path of a file relative to a folder, or its URI where it is elsewhere."""
    return uri.removeprefix(join(folder, "").rstrip("/") + "/")


def open_binary(uri: str) -> BinaryIO:
    """Opens a file for reading; a remote one is fetched piece by piece as it is read.

    Raises:
        OSError: it is missing or may not be read.
    """
    if not is_remote(uri):
        return open(uri, "rb")
    with remote(uri) as (bucket, name):
        if (blob := bucket.get_blob(name)) is None:
            raise FileNotFoundError(f"there is no {uri}")
        # The client's own reader finds the end of a line byte by byte.
        return cast(BinaryIO, io.BufferedReader(cast(io.RawIOBase, blob.open("rb"))))


def read_bytes(uri: str) -> bytes:
    """The whole content of a file.

    Raises:
        OSError: it is missing or may not be read.
    """
    if not is_remote(uri):
        return Path(uri).read_bytes()
    with remote(uri) as (bucket, name):
        return bucket.blob(name).download_as_bytes()


def write_bytes(uri: str, data: bytes) -> None:
    """Writes a file, whole or not at all; one that is there is replaced.

    Raises:
        OSError: it may not be written.
    """
    if is_remote(uri):
        with remote(uri, "written") as (bucket, name):
            bucket.blob(name).upload_from_string(data)
    else:
        with write_atomically(uri) as file:
            file.write_bytes(data)


def write_once(uri: str, data: bytes) -> bool:
    """Writes a file that is never to change, whole or not at all.

    In Cloud Storage of several writers at once one wins
    (https://cloud.google.com/storage/docs/request-preconditions#special-case); on this machine it is for the caller to
    be the only one.

    Returns:
        Whether it was written now; otherwise it was there, with this very content.

    Raises:
        FileExistsError: it is there with another content.
        OSError: it may not be written.
    """
    if is_remote(uri):
        return upload_once(uri, data)
    file = Path(uri)
    if file.exists():
        if file.read_bytes() != data:
            raise FileExistsError(f"{uri} is there already, with another content")
        return False
    with write_atomically(file) as aside, aside.open("wb") as written:
        written.write(data)
        written.flush()
        os.fsync(written.fileno())  # not only the process may end at any moment, the machine may too
    return True


def upload(file: Path, uri: str) -> None:
    """Copies a local file to Cloud Storage, whole or not at all; an object that is there is replaced.

    Raises:
        OSError: it may not be read or written.
    """
    with remote(uri, "written") as (bucket, name):
        bucket.blob(name).upload_from_filename(str(file))


def list_files(folder: str) -> list[str]:
    """URIs of all files in a folder and its subfolders, sorted; hidden ones left out. Empty if there is no such folder.

    Raises:
        OSError: a bucket is missing, or it or a folder may not be read.
    """
    return sorted(uri for uri, _ in walk(folder))


def walk(folder: str) -> Iterator[tuple[str, str]]:
    """Yields what `versions` gives for a folder, as it is found: nothing is held, so there may be millions of files.

    Raises:
        OSError: as `list_files`.
    """
    if not is_remote(folder):
        yield from walk_local(os.path.abspath(folder))
        return
    with remote(folder) as (bucket, name):
        prefix = prefix_of(name)
        for blob in bucket.list_blobs(prefix=prefix, fields="items(name,generation),nextPageToken"):
            # A name that ends in a slash is a folder that somebody made in the console.
            if not blob.name.endswith("/") and not is_hidden(blob.name.removeprefix(prefix)):
                yield f"{SCHEME}{bucket.name}/{blob.name}", str(blob.generation)


def versions(location: str) -> list[tuple[str, str]]:
    """(URI, version) of a file, or of all files in a folder as in `list_files`; nothing is read for it.

    The version of a local file is its size and the time when it was changed, that of a remote one its generation
    (https://cloud.google.com/storage/docs/metadata#generation-number).

    Raises:
        OSError: there is nothing of that name, or it may not be read.
    """
    if found := sorted(walk(location)):
        return found
    if not is_remote(location):
        return [(location, version(os.stat(location)))]
    with remote(location) as (bucket, name):
        if not name or (blob := bucket.get_blob(name)) is None:
            raise FileNotFoundError(f"there is no {location}")
        return [(location, str(blob.generation))]


def exists(uri: str) -> bool:
    """Whether there is a file or a folder of that name.

    Raises:
        OSError: a bucket is missing or may not be read.
    """
    if not is_remote(uri):
        return os.path.exists(uri)
    with remote(uri) as (bucket, name):
        is_file = bool(name) and bucket.blob(name).exists()
        return is_file or any(bucket.list_blobs(prefix=prefix_of(name), max_results=1))


@contextmanager
def write_atomically(path: str | Path) -> Iterator[Path]:
    """Gives a path beside `path` to write a file at; puts it in place when the block ends without error.

    A file that was at `path` is replaced; after an error it is as it was. Not for folders: where an artifact is written
    through to Cloud Storage (https://cloud.google.com/storage/docs/cloud-storage-fuse/overview), a folder cannot be
    renamed. One is written in place instead, and the file without which it does not count comes last.
    """
    path = Path(path)
    path.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(prefix=f".{path.name}-", dir=path.parent) as room:
        aside = Path(room) / path.name
        yield aside
        os.replace(aside, path)
