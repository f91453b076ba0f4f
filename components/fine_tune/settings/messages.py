"""A protobuf message that was read without its schema, and which of its fields were taken over."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Any

from ...errors import InputError


@dataclass(frozen=True)
class Word:
    """A value that stands without quotes, such as `SIGMOID` or `true`."""

    text: str

    def __str__(self) -> str:
        return self.text


Scalar = int | float | str | Word

# As google.protobuf.text_format takes them.
_FLAGS = {"true": True, "True": True, "t": True, "1": True, "false": False, "False": False, "f": False, "0": False}


@dataclass(eq=False)
class Entry:
    """A field of a message.

    Attributes:
        name: of the field; a repeated field has an entry for each of its values.
        value: what it holds.
        where: file and line, for people.
        taken: whether it was taken over.
    """

    name: str
    value: "Scalar | Message"
    where: str
    taken: bool = False


@dataclass(eq=False)
class Message:
    """The fields of a message, in the file's order, and whether anything was taken over, be it the schema's defaults.

    Methods that give one value raise an `InputError` where there are two, or one of another type.
    """

    entries: list[Entry] = field(default_factory=list)
    was_read: bool = False

    def child(self, name: str) -> "Message":
        """The message of that name; an empty one where there is none."""
        return self._one(name, lambda value: isinstance(value, Message), "a message, { }") or Message()

    def children(self, name: str) -> "list[Message]":
        """All messages of that name."""
        return [entry.value for entry in self.entries if entry.name == name and isinstance(entry.value, Message)]

    def number(self, name: str, default: float) -> float:
        """A number as a float."""
        found = self._one(name, lambda value: isinstance(value, (int, float)), "a number")
        return default if found is None else float(found)

    def count(self, name: str, default: int) -> int:
        """A whole number."""
        found = self._one(name, lambda value: isinstance(value, int), "a whole number")
        return default if found is None else found

    def text(self, name: str) -> str:
        """A string; "" where there is none."""
        return self._one(name, lambda value: isinstance(value, str), "a string, in quotes") or ""

    def flag(self, name: str, default: bool) -> bool:
        """True or false."""
        found = self._one(name, lambda value: isinstance(value, (Word, int)) and str(value) in _FLAGS, "true or false")
        return default if found is None else _FLAGS[str(found)]

    def names(self) -> list[str]:
        """Of the fields that are in the file, each once."""
        return list(dict.fromkeys(entry.name for entry in self.entries))

    def take(self, *names: str) -> None:
        """Notes that fields were taken over, with all that is in them; or their defaults, where they are not there."""
        self.was_read = True
        for entry in self.entries:
            entry.taken |= entry.name in names

    def left(self, path: str = "") -> Iterator[str]:
        """Yields path and value of every field that was not taken over."""
        for entry in self.entries:
            if entry.taken:
                continue
            if isinstance(entry.value, Message) and (entry.value.entries or entry.value.was_read):
                yield from entry.value.left(f"{path}{entry.name}.")
            else:
                yield f"{path}{entry.name}: {_shown(entry.value)}"

    def _one(self, name: str, fits: Callable[[Any], bool], wanted: str) -> Any:
        found = [entry for entry in self.entries if entry.name == name]
        if not found:
            return None
        first, *others = found
        if others:
            raise InputError(f"{others[0].where}: {name} is given a second time; it can have one value only")
        if not fits(first.value):
            raise InputError(f"{first.where}: {name} is {_shown(first.value)}, but should be {wanted}")
        return first.value


def _shown(value: Scalar | Message) -> str:
    if isinstance(value, Message):
        return "{ ... }" if value.entries else "{}"
    return f'"{value}"' if isinstance(value, str) else str(value)
