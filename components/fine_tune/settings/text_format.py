"""Protocol buffers in text form, read without their schema: https://protobuf.dev/reference/protobuf/textformat-spec/.

By hand, as `google.protobuf.text_format` needs the schema, and that of the TF Object Detection API is in no package.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass

from ...errors import InputError
from .messages import Entry, Message, Scalar, Word

# The recursion limit of protobuf's own parsers.
_DEEPEST = 100

_TOKEN = re.compile(
    r"""(?P<space>(?:\s|\#[^\n]*)+)
    |(?P<string>"(?:[^"\\\n]|\\.)*"|'(?:[^'\\\n]|\\.)*')
    |(?P<hexadecimal>0[xX][0-9a-fA-F]+)(?!\w)
    |(?P<octal>0[0-7]+)(?!\w)
    |(?P<float>(?:(?:\d+\.\d*|\.\d+)(?:[eE][-+]?\d+)?[fF]?|\d+[eE][-+]?\d+[fF]?|\d+[fF]))(?!\w)
    |(?P<decimal>\d{1,20})(?!\w)
    |(?P<name>[A-Za-z_]\w*|\[[\w./\s]+\](?=\s*[:{<]))
    |(?P<mark>[-{}<>\[\]:;,])""",
    re.VERBOSE | re.ASCII,
)
_ESCAPE = re.compile(rb"\\(?:([0-7]{1,3})|[xX]([0-9a-fA-F]{1,2})|u([0-9a-fA-F]{4})|U([0-9a-fA-F]{8})|(.))")
_ESCAPED = dict(zip(b"abfnrtv?\\'\"", b"\a\b\f\n\r\t\v?\\'\"", strict=True))
_BASES = {"decimal": 10, "octal": 8, "hexadecimal": 16}


def parse(text: str, where: str) -> Message:
    """Reads a message.

    Args:
        text: of the file.
        where: the file, for people.

    Raises:
        InputError: it is not in that form; with the line.
    """
    return _Parser(list(_tokens(text, where)), where).message("", 0)


@dataclass(frozen=True)
class _Token:
    kind: str
    text: str
    line: int


def _tokens(text: str, where: str) -> Iterator[_Token]:
    place, line = 0, 1
    while place < len(text):
        found = _TOKEN.match(text, place)
        if not found:
            raise InputError(f"{where}, line {line}: {text[place : place + 20].splitlines()[0]!r} cannot be read")
        if found.lastgroup != "space":
            yield _Token(str(found.lastgroup), found[0], line)
        place, line = found.end(), line + found[0].count("\n")
    yield _Token("end", "", line)


class _Parser:
    """Methods are named after the elements of the specification; each reads one from where the last ended."""

    def __init__(self, tokens: list[_Token], where: str) -> None:
        self._tokens, self._where, self._place = tokens, where, 0

    def message(self, closing: str, depth: int) -> Message:
        """Fields up to the closing bracket, or to the end of the file where it is ""."""
        if depth > _DEEPEST:
            raise self._error(f"messages are nested deeper than {_DEEPEST}")
        entries: list[Entry] = []
        while self._next.text != closing:
            entries += self._field(depth)
        self._place += 1
        return Message(entries)

    @property
    def _next(self) -> _Token:
        return self._tokens[self._place]

    def _field(self, depth: int) -> list[Entry]:
        """A field; of one with a list, an entry for each value."""
        if self._next.kind != "name":
            raise self._error("this should be the name of a field")
        name, where = self._next.text, f"{self._where}, line {self._next.line}"
        self._place += 1
        has_colon = self._skip(":")
        if not has_colon and self._next.text not in ("{", "<", "["):
            raise self._error(f"after {name} should come a colon and a value, or a message, {{ }}")
        values = self._list(depth) if self._skip("[") else [self._value(depth)]
        if not self._skip(";"):
            self._skip(",")
        return [Entry(name, value, where) for value in values]

    def _list(self, depth: int) -> list[Scalar | Message]:
        values: list[Scalar | Message] = []
        while not self._skip("]"):
            if values and not self._skip(","):
                raise self._error("the values of a list should be separated by commas")
            values.append(self._value(depth))
        return values

    def _value(self, depth: int) -> Scalar | Message:
        for opening, closing in ("{}", "<>"):
            if self._skip(opening):
                return self.message(closing, depth + 1)
        if self._next.kind == "string":
            return self._string()
        is_negative = self._skip("-")
        token = self._next
        if token.kind not in ("name", "float", *_BASES):
            raise self._error("this should be a value")
        self._place += 1
        if token.kind == "name":
            return Word("-" * is_negative + token.text)
        number = float(token.text.rstrip("fF")) if token.kind == "float" else int(token.text, _BASES[token.kind])
        return -number if is_negative else number

    def _string(self) -> str:
        """Strings that follow each other are one. Escapes are of bytes, which together are UTF-8."""
        parts: list[bytes] = []
        while self._next.kind == "string":
            parts.append(_ESCAPE.sub(self._unescaped, self._next.text[1:-1].encode()))
            self._place += 1
        try:
            return b"".join(parts).decode()
        except UnicodeDecodeError:
            raise self._error("the string before this is not UTF-8") from None

    def _unescaped(self, escape: re.Match[bytes]) -> bytes:
        octal, hexadecimal, short, long, letter = escape.groups()
        code = int(octal, 8) if octal else int(hexadecimal or short or long or b"0", 16)
        if letter is not None and letter[0] in _ESCAPED:
            return bytes([_ESCAPED[letter[0]]])
        if (octal or hexadecimal) and code < 256:
            return bytes([code])
        if (short or long) and code < 0x110000:
            return chr(code).encode(errors="surrogatepass")
        raise self._error(f"{escape[0].decode()} is no escape sequence; write / in a path, or two backslashes for one")

    def _skip(self, mark: str) -> bool:
        is_next = self._next.kind == "mark" and self._next.text == mark
        self._place += is_next
        return is_next

    def _error(self, what: str) -> InputError:
        found = self._next.text or "the end of the file"
        return InputError(f"{self._where}, line {self._next.line}, at {found}: {what}")
