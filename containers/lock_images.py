"""Writes `containers/images.lock.json` from the digests that a registry gave to pushed images."""

import json
import os
import re
import sys
from collections.abc import Mapping
from pathlib import Path

from ..components.errors import InputError, final_errors_as_sentences

LOCK = Path(__file__).with_name("images.lock.json")
_REFERENCE = re.compile(r"(?P<repository>\S+)/(?P<image>[^\s/@:]+)@(?P<digest>sha256:[0-9a-f]{64})")


def lock_images(digests: Path, lock: Path = LOCK) -> None:
    """Locks every image that the lock names to its pushed digest.

    Args:
        digests: folder with one file per image, named as the image, which holds `REPOSITORY/IMAGE@sha256:...`.
        lock: the lock; it is replaced whole, or left as it is.

    Raises:
        InputError: an image has no digest, or a wrong one, or lies in another repository than the rest.
    """
    images = json.loads(lock.read_text())["images"]
    references = {image: _read_reference(digests / image) for image in images}
    repositories = {reference["repository"] for reference in references.values()}
    if len(repositories) != 1:
        raise InputError(f"The images of {digests} lie in several repositories: {', '.join(sorted(repositories))}.")
    locked = {
        "repository": repositories.pop(),
        "images": {image: reference["digest"] for image, reference in references.items()},
    }
    aside = lock.with_suffix(".new")
    aside.write_text(json.dumps(locked, indent=2) + "\n")
    os.replace(aside, lock)


def _read_reference(path: Path) -> Mapping[str, str]:
    if not path.is_file():
        raise InputError(f"{path} is missing: build and push the image {path.name} first.")
    text = path.read_text().strip()
    match = _REFERENCE.fullmatch(text)
    if not match or match["image"] != path.name:
        raise InputError(f"{path} holds {text!r} instead of REPOSITORY/{path.name}@sha256:...")
    return match.groupdict()


if __name__ == "__main__":
    with final_errors_as_sentences():
        lock_images(Path(sys.argv[1]))
