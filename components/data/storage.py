"""Files on this machine and in Cloud Storage (`gs://`), through one set of functions.

Reading functions raise `OSError` (`FileNotFoundError`, `PermissionError`) for either kind, so callers need not know
which they have. Cloud Storage uses the environment's credentials; with `STORAGE_EMULATOR_HOST` set it speaks to that
server instead, without credentials.
"""

import base64
import io
import os
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, BinaryIO, cast

if TYPE_CHECKING:
    from google.cloud.storage import Bucket, Client

_SCHEME = "gs://"


class StorageUnavailableError(Exception):
    """Cloud Storage did not answer, or not as it should; the client has tried for two minutes. It may pass."""


def is_remote(uri: str) -> bool:
    """Whether the URI is in Cloud Storage."""
    return uri.startswith(_SCHEME)


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
    with _remote(uri) as (bucket, name):
        blob = bucket.get_blob(name)
        if blob is None:
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
    with _remote(uri) as (bucket, name):
        return bucket.blob(name).download_as_bytes()


def write_bytes(uri: str, data: bytes) -> None:
    """Writes a file, whole or not at all; one that is there is replaced.

    Raises:
        OSError: it may not be written.
    """
    if is_remote(uri):
        with _remote(uri, "written") as (bucket, name):
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
        return _upload_once(uri, data)
    file = Path(uri)
    if file.exists():
        if file.read_bytes() != data:
            raise FileExistsError(f"{uri} is there already, with another content")
        return False
    write_bytes(uri, data)
    return True


def _upload_once(uri: str, data: bytes) -> bool:
    import google_crc32c
    from google.api_core.exceptions import PreconditionFailed
    from google.cloud.storage.retry import DEFAULT_RETRY

    with _remote(uri, "written") as (bucket, name):
        blob = bucket.blob(name)
        try:
            blob.upload_from_string(data, if_generation_match=0, retry=DEFAULT_RETRY)
            return True
        except PreconditionFailed:
            # Written before, perhaps by this very call: the answer to a first try may have been lost.
            blob.reload()
    if blob.crc32c != base64.b64encode(google_crc32c.Checksum(data).digest()).decode():
        raise FileExistsError(f"{uri} is there already, with another content")
    return False


def upload(file: Path, uri: str) -> None:
    """Copies a local file to Cloud Storage, whole or not at all; an object that is there is replaced.

    Raises:
        OSError: it may not be read or written.
    """
    with _remote(uri, "written") as (bucket, name):
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
        for entry in _walk_local(os.path.abspath(folder)):
            yield entry.path, _version(entry.stat())
        return
    with _remote(folder) as (bucket, name):
        fields = "items(name,generation),nextPageToken"
        for blob in bucket.list_blobs(prefix=_prefix(name), fields=fields):
            # A name that ends in a slash is a folder that somebody made in the console.
            if not blob.name.endswith("/") and not _is_hidden(blob.name.removeprefix(_prefix(name))):
                yield f"{_SCHEME}{bucket.name}/{blob.name}", str(blob.generation)


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
        return [(location, _version(os.stat(location)))]
    with _remote(location) as (bucket, name):
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
    with _remote(uri) as (bucket, name):
        is_file = bool(name) and bucket.blob(name).exists()
        return is_file or any(bucket.list_blobs(prefix=_prefix(name), max_results=1))


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


def _walk_local(folder: str) -> Iterator[os.DirEntry[str]]:
    """Files below a folder, without hidden ones; nothing where there is no such folder."""
    if not os.path.isdir(folder):
        return
    with os.scandir(folder) as entries:
        for entry in entries:
            if _is_hidden(entry.name):
                continue
            if entry.is_dir(follow_symlinks=False):
                yield from _walk_local(entry.path)
            elif entry.is_file():
                yield entry


def _version(stat: os.stat_result) -> str:
    return f"{stat.st_size} {stat.st_mtime_ns}"


def _is_hidden(relative_name: str) -> bool:
    """Whether a file or a folder that it lies in is a hidden one, such as `.ipynb_checkpoints`."""
    return any(part.startswith(".") for part in relative_name.split("/"))


def _prefix(folder_name: str) -> str:
    """What the names of the objects in a folder of a bucket begin with."""
    return f"{folder_name.rstrip('/')}/" if folder_name else ""


@contextmanager
def _remote(uri: str, done: str = "read") -> "Iterator[tuple[Bucket, str]]":
    """Gives the bucket and the name of an object, and turns the client's errors into `OSError`, or what may pass.

    Raises:
        StorageUnavailableError: what the client retries, for two minutes, did not pass.
    """
    from google.api_core.exceptions import ClientError, NotFound, RetryError, ServerError, TooManyRequests
    from google.auth.exceptions import DefaultCredentialsError, TransportError
    from requests import RequestException

    bucket, _, name = uri.removeprefix(_SCHEME).partition("/")
    try:
        yield _client(os.environ.get("STORAGE_EMULATOR_HOST", "")).bucket(bucket), name
    except NotFound as error:
        raise FileNotFoundError(f"there is no {uri}") from error
    except (ServerError, TooManyRequests, RetryError, TransportError, RequestException) as error:
        raise StorageUnavailableError(f"{uri} could not be {done}: {error}; run again later") from error
    except (ClientError, DefaultCredentialsError) as error:
        raise PermissionError(f"{uri} may not be {done}: {error}") from error


@cache
def _client(emulator: str) -> "Client":
    """One client per process and server: it is safe to share between threads and costly to make."""
    from google.auth.credentials import AnonymousCredentials
    from google.cloud.storage import Client

    return Client(project="emulator", credentials=AnonymousCredentials()) if emulator else Client()
