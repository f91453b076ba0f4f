"""The connection to Vertex AI, and what it says against a call."""

import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TypeVar

import requests
from google.api_core.exceptions import Forbidden, GoogleAPICallError, RetryError, Unauthenticated
from google.api_core.retry import Retry, if_transient_error
from google.auth.credentials import AnonymousCredentials
from google.auth.exceptions import GoogleAuthError
from google.cloud import aiplatform

from ..errors import FinalError, InputError

EMULATOR_HOST = "VERTEX_AI_EMULATOR_HOST"

Answer = TypeVar("Answer")


def connect(project: str, location: str) -> None:
    """Points the SDK to the project and the region; no request is sent.

    Keys and accounts are given with each request instead, since what the SDK is once told of them it does not forget.

    With the environment variable `VERTEX_AI_EMULATOR_HOST` set (such as http://127.0.0.1:8080) it speaks REST to that
    server, without credentials.

    Args:
        project: Google Cloud project.
        location: region of Vertex AI, such as us-central1.

    Raises:
        InputError: Vertex AI has no such region.
    """
    server = os.environ.get(EMULATOR_HOST)
    try:
        aiplatform.init(
            project=project,
            location=location,
            api_endpoint=server,
            api_transport="rest" if server else None,
            credentials=AnonymousCredentials() if server else None,
        )
    except ValueError as error:
        raise InputError(f"vertex_location is {location!r}: {error}") from None


def patiently(call: Callable[[], Answer], seconds: float = 600.0) -> Answer:
    """Repeats a call that may be repeated while the service is busy or out of reach (429, 500, 503, lost connections).

    Raises:
        RetryError: it still was after so many seconds.
    """

    def passes(error: Exception) -> bool:
        # A RetryError is the SDK's, which gives up after two minutes.
        return if_transient_error(error) or isinstance(error, RetryError)

    return Retry(predicate=passes, initial=0.5, maximum=30.0, timeout=seconds)(call)()


@contextmanager
def refusals_as_sentences() -> Iterator[None]:
    """Turns what the service says against a call into a sentence.

    Raises:
        InputError: the account is unknown or lacks a right, or a file or bucket cannot be used.
        FinalError: anything else that the service refuses, such as for a quota.
    """
    try:
        yield
    except (GoogleAuthError, Unauthenticated) as error:
        raise InputError(
            f"Google Cloud does not know you ({error}); run: gcloud auth application-default login"
        ) from error
    except Forbidden as error:
        raise InputError(
            f"Vertex AI does not allow it: {error.message} The account of this step needs the role Vertex AI User "
            "(roles/aiplatform.user), and Storage Object User on the bucket."
        ) from error
    except RetryError as error:
        raise FinalError(f"Vertex AI was busy or out of reach for too long: {error.cause}") from error
    except GoogleAPICallError as error:
        raise FinalError(f"Vertex AI did not take it: {error.message}") from error
    except requests.RequestException as error:
        raise FinalError(f"Vertex AI is out of reach: {error}") from error
    except OSError as error:
        raise InputError(f"A file cannot be used: {error}") from error
