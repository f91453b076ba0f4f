"""What a file holds, by its name."""

import re
from enum import StrEnum

from ...data.images import IMAGE_SUFFIXES


class Kind(StrEnum):
    """A kind of file; its value is what it is called in messages."""

    IMAGE = "images"
    LIST = "lists of files (.txt)"
    JSON_LINES = "JSON lines (.jsonl)"
    TFRECORD = "TFRecord files (.tfrecord)"
    CSV = "CSV files"
    PARQUET = "Parquet files"


_PATTERNS = {
    Kind.IMAGE: "|".join(map(re.escape, IMAGE_SUFFIXES)),
    Kind.LIST: r"\.txt",
    Kind.JSON_LINES: r"\.jsonl|\.ndjson",
    # data.tfrecord, data.tfrecord-00000-of-00003 and either of them in gzip.
    Kind.TFRECORD: r"\.tfrecords?(-\d+-of-\d+)?(\.gz)?",
    Kind.CSV: r"\.csv",
    Kind.PARQUET: r"\.parquet",
}
_KIND = re.compile("|".join(f"(?P<{kind.name}>{pattern})" for kind, pattern in _PATTERNS.items()), re.IGNORECASE)
_SUFFIX = re.compile(r"\.[A-Za-z]+(-\d+-of-\d+)?(\.gz)?$")


def kind_of(name: str) -> Kind | None:
    """The kind of a file, or None for one that is no input."""
    suffix = _SUFFIX.search(name)
    match = suffix and _KIND.fullmatch(suffix[0])
    return Kind[match.lastgroup] if match and match.lastgroup else None
