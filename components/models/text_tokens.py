"""Words of a text, defined so that Python and an ONNX graph find the same ones on every machine.

Classes such as `\\w` and the folding of case hang on the Unicode tables of a library or on the machine's locale (ONNX's
StringNormalizer needs one installed). So what parts words is written out, and case is folded by a table of spellings:
a word stands for itself in lower case, `Capitalised` and in CAPITALS; any other mixture, `iPhone`, is its own word.
Combining marks belong to their word; texts are not normalised, so a letter and its decomposed form differ.
"""

import re
from collections.abc import Sequence
from itertools import pairwise

# ASCII and Latin-1 without letters and digits; punctuation, general, CJK and full-width; Arabic and Indic full stops
# and commas; selectors of how an emoji looks.
_PARTING = (
    r"\x00-/:-@\[-`{-\xa9\xab-\xb4\xb6-\xb9\xbb-\xbf\xd7\xf7"
    "\u060c\u061b\u061f\u06d4\u0964\u0965\u2000-\u206f\u3000-\u3004\u3008-\u303f\ufe00-\ufe0f\ufeff\uff00-\uff0f"
)
# Signs that are words by themselves: currency, symbols, emoji; kana and Chinese characters, which no space parts.
_ALONE = "\u20a0-\u20cf\u2100-\u2bff\u3040-\u30ff\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff\U0001f000-\U0003ffff"

# Read alike by Python's `re` and by RE2 (https://github.com/google/re2/wiki/Syntax): character classes only.
TOKEN = f"[{_ALONE}]|[^{_PARTING}{_ALONE}]+"
_TOKEN = re.compile(TOKEN)


def tokens(text: str) -> list[str]:
    """The words of a text as they are written, in order."""
    return _TOKEN.findall(text)


def fold(token: str) -> str:
    """The word that a token is a spelling of."""
    lower = token.lower()
    return lower if token in (lower, lower.capitalize(), lower.upper()) else token


def spellings(words: Sequence[str]) -> dict[str, int]:
    """Every spelling of the words, with the place of the word: what `fold` says, as a table."""
    return {
        spelling: place
        for place, word in enumerate(words)
        for spelling in (word, word.capitalize(), word.upper())
        if fold(spelling) == word
    }


def terms(text: str) -> list[str]:
    """The words of a text, then the pairs of neighbours with a space between."""
    words = [fold(token) for token in tokens(text)]
    return words + [" ".join(pair) for pair in pairwise(words)]
