"""Files that are costly to compute, kept so that a training that is started again finds them."""

import fcntl
import hashlib
import os
import shutil
from collections.abc import Callable, Iterable
from pathlib import Path

from ..errors import InputError

# Folders that this process has computed, or said of that it found them.
_known: set[Path] = set()


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
        if not place.is_dir():
            aside = place.with_name(f"{place.name}.part")
            if aside.is_dir():
                shutil.rmtree(aside)  # of a run that was killed
            aside.mkdir()
            compute(aside)
            os.replace(aside, place)
        elif place not in _known:
            print(f"{place.name}: found, as computed before", flush=True)
        _known.add(place)
    return place


def check_room(folder: Path, count: int) -> None:
    """Refuses files of `count` bytes that a disk has no room for: a mapped file that grows over it kills the process.

    Raises:
        InputError: the disk of the folder is too full.
    """
    free = shutil.disk_usage(folder).free
    if count > free:
        raise InputError(
            f"{folder} has {free / 1024**3:.2f} GiB left, and {count / 1024**3:.2f} GiB are needed for what is "
            "computed once: make room, or give a checkpoint_dir (or TMPDIR) on a larger disk"
        )
