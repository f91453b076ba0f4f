"""Objects in Cloud Storage: the client, its errors, and what `storage` does there alone."""

import base64
import os
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from google.cloud.storage import Bucket, Client

SCHEME = "gs://"


class StorageUnavailableError(Exception):
    """Cloud Storage did not answer, or not as it should; the client has tried for two minutes. It may pass."""


def upload_once(uri: str, data: bytes) -> bool:
    """`storage.write_once` of an object."""
    import google_crc32c
    from google.api_core.exceptions import PreconditionFailed
    from google.cloud.storage.retry import DEFAULT_RETRY

    with remote(uri, "written") as (bucket, name):
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


def prefix_of(folder_name: str) -> str:
    """What the names of the objects in a folder of a bucket begin with."""
    return f"{folder_name.rstrip('/')}/" if folder_name else ""


@contextmanager
def remote(uri: str, done: str = "read") -> "Iterator[tuple[Bucket, str]]":
    """Gives the bucket and the name of an object, and turns the client's errors into `OSError`, or what may pass.

    Raises:
        StorageUnavailableError: what the client retries, for two minutes, did not pass.
    """
    from google.api_core.exceptions import ClientError, NotFound, RetryError, ServerError, TooManyRequests
    from google.auth.exceptions import DefaultCredentialsError, TransportError
    from requests import RequestException

    bucket, _, name = uri.removeprefix(SCHEME).partition("/")
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
