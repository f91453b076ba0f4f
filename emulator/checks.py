"""Checks of requests, field by field, with the messages of the service."""

import re
from collections.abc import Collection, Mapping
from typing import Self, TypeVar, cast

import proto
from google.protobuf.json_format import ParseError

from .errors import invalid

Message = TypeVar("Message", bound=proto.Message)

_KEY = re.compile(r"projects/[^/]+/locations/(?P<location>[^/]+)/keyRings/[^/]+/cryptoKeys/[^/]+")
_LABEL = "Label keys and values can only contain lowercase letters, numbers, dashes and underscores."


def parse(kind: type[Message], body: bytes | str) -> Message:
    """Reads JSON as a message; a field that its kind does not have is refused.

    Raises:
        ApiError: it is not such a message.
    """
    try:
        return cast(Message, kind.from_json(body or "{}", ignore_unknown_fields=False))
    except (ParseError, UnicodeDecodeError) as error:
        raise invalid(f"Invalid JSON payload received. {error}") from None


class Checks:
    """Collects what is wrong with a message while its block runs, and refuses the message at the end of it.

    Attributes:
        prefix: the name of the message in the names of fields, such as `dataset`.
    """

    def __init__(self, prefix: str) -> None:
        self.prefix = prefix
        self._found: list[tuple[str, str]] = []

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type | None, *_: object) -> None:
        """Raises:
        ApiError: something was found, and nothing else was raised.
        """
        if kind is None and self._found:
            listed = "".join(f"\t{at}.Field: {name}; Message: {what}" for at, (name, what) in enumerate(self._found, 1))
            error = invalid(f"List of found errors:{listed}\t")
            error.violations = self._found
            raise error

    def that(self, condition: bool, field: str, message: str) -> None:
        """Notes the message for a field unless the condition holds."""
        if not condition:
            self._found.append((f"{self.prefix}.{field}", message))

    def required(self, field: str, value: object) -> None:
        """The field must have a value."""
        self.that(bool(value), field, "Required field is not set.")

    def display_name(self, name: str) -> None:
        """A name for people: 1 to 128 characters."""
        self.required("display_name", name)
        self.that(len(name) <= 128, "display_name", "Display name must be at most 128 characters.")

    def one_of(self, field: str, value: str, allowed: Collection[str]) -> None:
        """The field must have one of some values."""
        self.that(value in allowed, field, f"Invalid value {value!r}; must be one of: {', '.join(allowed)}.")

    def between(self, field: str, value: float, low: float, high: float) -> None:
        """The field must be a number in a closed range."""
        self.that(low <= value <= high, field, f"Must be between {low:,} and {high:,}, inclusive; got {value:,}.")

    def in_bucket(self, field: str, uri: str) -> None:
        """The field must be a Cloud Storage URI."""
        good = re.fullmatch(r"gs://[a-z0-9][a-z0-9._-]{1,220}[a-z0-9](/.*)?", uri)
        self.that(bool(good), field, f"Invalid Cloud Storage URI: {uri!r}.")

    def labels(self, labels: Mapping[str, str]) -> None:
        """Labels of a resource: https://cloud.google.com/resource-manager/docs/labels-overview#requirements"""
        self.that(len(labels) <= 64, "labels", "There can be no more than 64 labels attached to a single resource.")
        for key, value in labels.items():
            good = key[:1].isalpha() and len(key) <= 63 and len(value) <= 63 and _in_charset(key + value)
            self.that(good, "labels", f"{_LABEL} Got {key!r}: {value!r}.")

    def encryption(self, key: str, location: str, field: str = "encryption_spec.kms_key_name") -> None:
        """A customer's key, where there is one, must be of the resource's region."""
        match = _KEY.fullmatch(key)
        self.that(not key or bool(match), field, f"Invalid Cloud KMS key name: {key!r}.")
        if match:
            self.that(match["location"] == location, field, f"The key must be in the region {location}.")


def location_of(name: str) -> str:
    """The region in the name of a resource or of its parent."""
    return name.split("/")[3]


def _in_charset(text: str) -> bool:
    return all(letter in "-_" or (letter.isalnum() and letter == letter.lower()) for letter in text)
