"""In which split an item belongs."""

import hashlib

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


def hashed_split(key: str) -> str:
    """A split by chance, 80/10/10, that depends on nothing but the key: equal keys never fall in two splits.

    Args:
        key: what identifies the item, such as the SHA-256 of its bytes, or its group.
    """
    fraction = int.from_bytes(hashlib.sha256(key.encode()).digest()[:8], "big") / 2**64
    return "train" if fraction < 0.8 else "validation" if fraction < 0.9 else "test"
