"""Texts that are empty or were read in the wrong encoding."""

from collections.abc import Iterator

import pyarrow as pa
import pyarrow.compute as pc
from ftfy import fix_encoding
from ftfy.badness import BADNESS_RE, is_bad

from ...data.dataset import Dataset
from ...data.items import SPLITS, ColumnType, Task
from ..findings import Case, Finding, counted

# Letters, digits and symbols; an emoji says something, punctuation does not.
_SAYS_SOMETHING = r"[\pL\pN\pS]"
# Every letter beyond ASCII is two bytes or more in UTF-8, and so as many such letters where these are read as another
# encoding; and a replacement character is one by itself.
_SUSPECT = "[^\\x00-\\x7f]{2}|\ufffd"
# A closer look takes a tenth of a millisecond, and where the alphabet is not Latin every text is suspect.
_MOST_LOOKED_AT = 100_000
_SHOWN = 40


def text_faults(data: Dataset) -> Iterator[Finding]:
    """Yields the findings of `empty_text` (text classification only) and `bad_encoding`; nothing without free text."""
    names = [each.name for each in data.columns if each.type is ColumnType.TEXT and each.name != data.label_column]
    of = f"{sum(data.counts.values()):,} rows"
    if data.task is Task.TEXT_CLASSIFICATION:
        empty = [case for name in names for case in _empty(data, name)]
        yield from counted("empty_text", empty, of)
    garbled: list[Case] = []
    for number, (split, identity, name, text) in enumerate(_suspects(data, names)):
        if number == _MOST_LOOKED_AT:
            of += f", of which the first {_MOST_LOOKED_AT:,} texts that could be were looked at"
            break
        if detail := encoding_fault(text):
            garbled.append(Case(identity, identity, split, detail, column=name))
    yield from counted("bad_encoding", garbled, of)


def encoding_fault(text: str) -> str:
    """What of a text looks as if it was read in the wrong encoding, in words; "" for nothing.

    A replacement character stands for bytes that were lost. Of other texts ftfy tells: there are letters that hardly
    ever stand side by side, and the text becomes a likelier one when the wrong step is taken back
    (https://ftfy.readthedocs.io/en/latest/heuristic.html).
    """
    lost = text.find("\ufffd")
    if lost >= 0:
        return f"letters were lost in {_around(text, lost)!r}"
    bad = BADNESS_RE.search(text) if is_bad(text) else None
    fixed = fix_encoding(text) if bad else text
    if not bad or fixed == text:
        return ""
    return f"{_around(text, bad.start())!r}; the text probably begins {fixed[:_SHOWN]!r}"


def _empty(data: Dataset, name: str) -> Iterator[Case]:
    for split in SPLITS:
        for batch in data.batches(split, ["__id__", name]):
            says_something = _matches(batch[name].fill_null(""), _SAYS_SOMETHING)
            for row in batch.filter(pc.call_function("invert", [says_something])).to_pylist():
                text = row[name]
                detail = (
                    f"{name} is missing" if text is None else f"{name} has no letter and no digit: {text[:_SHOWN]!r}"
                )
                yield Case(row["__id__"], row["__id__"], split, detail, column=name)


def _suspects(data: Dataset, names: list[str]) -> Iterator[tuple[str, str, str, str]]:
    """Yields split, id, column and text of what may have been read in the wrong encoding."""
    for name in names:
        for split in SPLITS:
            for batch in data.batches(split, ["__id__", name]):
                for row in batch.filter(_matches(batch[name].fill_null(""), _SUSPECT)).to_pylist():
                    yield split, row["__id__"], name, row[name]


def _matches(texts: pa.Array, pattern: str) -> pa.BooleanArray:
    return pc.call_function("match_substring_regex", [texts], pc.MatchSubstringOptions(pattern))


def _around(text: str, place: int) -> str:
    """The part of a text around a place."""
    start = max(place - _SHOWN // 2, 0)
    return text[start : start + _SHOWN]
