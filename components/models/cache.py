"""Files that are costly to compute, kept so that a training that is started again finds them."""

import fcntl
import hashlib
import os
import shutil
from collections.abc import Callable, Iterable
from pathlib import Path


def key(parts: Iterable[str]) -> str:
    """A name for what is computed from these parts, and from nothing else: 16 hexadecimal digits."""
    return hashlib.sha256("\n".join(parts).encode()).hexdigest()[:16]


def computed_once(place: Path, compute: Callable[[Path], None]) -> Path:
    """A folder of files that are computed unless they are there.

    They are computed in a folder beside it, which is renamed at the end: half of them never count. Of several processes
    one computes, and the others wait for it.

    Args:
        place: of the folder, on this machine; named by a `key` of everything that decides what is in it.
        compute: writes the files to the folder that it is given.

    Returns:
        `place`.
    """
    place.parent.mkdir(parents=True, exist_ok=True)
    with open(place.with_name(f"{place.name}.lock"), "w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if place.is_dir():
            print(f"{place.name}: found, as computed before", flush=True)
            return place
        aside = place.with_name(f"{place.name}.part")
        if aside.is_dir():
            shutil.rmtree(aside)  # of a run that was killed
        aside.mkdir()
        compute(aside)
        os.replace(aside, place)
    return place
