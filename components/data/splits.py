"""In which split an item belongs."""

import hashlib
from collections.abc import Iterator, Sequence

# Vertex AI's words in import files, with the usual names of folders and of COCO's and VOC's sets.
_WORDS = {
    "train": "train",
    "training": "train",
    "validation": "validation",
    "validate": "validation",
    "valid": "validation",
    "val": "validation",
    "test": "test",
    "unassigned": "",
    "": "",
}


def named_split(word: str) -> str | None:
    """The split that a word of the data names, in any case.

    Returns:
        `train`, `validation`, `test`, "" where the word leaves it open, or None where it is no such word.
    """
    return _WORDS.get(word.strip().lower())


def split_of_path(path: str) -> str:
    """The split that the outermost such folder of a relative path names, or "" where none does."""
    return next((split for part in path.split("/")[:-1] if (split := named_split(part))), "")


def splits_and_labels(names: Sequence[str]) -> Iterator[tuple[str, str, str]]:
    """What the folders `[<split>/]<label>/` say of the files in them.

    The first folders are splits only where all of them are named so: among car, bus and train, "train" is a class.

    Args:
        names: of files, relative to the folder that holds them all.

    Yields:
        Name, split and label of each file; "" where no folder says it.
    """
    has_splits = all(named_split(name.partition("/")[0]) for name in names)
    for name in names:
        folders = name.split("/")[:-1]
        split = named_split(folders.pop(0)) if has_splits and folders else None
        yield name, split or "", folders[0] if folders else ""


def hashed_split(key: str) -> str:
    """A split by chance, 80/10/10, that depends on nothing but the key: equal keys never fall in two splits.

    Args:
        key: what identifies the item, such as the SHA-256 of its bytes, or its group.
    """
    fraction = int.from_bytes(hashlib.sha256(key.encode()).digest()[:8], "big") / 2**64
    return "train" if fraction < 0.8 else "validation" if fraction < 0.9 else "test"
