"""Where a training keeps what it can make again: decoded images, and features of a frozen backbone."""

import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from ...data import storage
from ..loop.workers import workers

FOLDER = "cache"


@contextmanager
def scratch_folder(place: str) -> Iterator[Path]:
    """Gives a folder that is gone after the block; a training that is killed finds it again beside its checkpoints.

    Each worker has one of its own: they share the place, and do not end at the same time.

    Args:
        place: of the checkpoints; where it is "" or in Cloud Storage, the folder is a temporary one.
    """
    if not place or storage.is_remote(place):
        with tempfile.TemporaryDirectory() as folder:
            yield Path(folder)
        return
    folder = Path(place) / f"{FOLDER}-{workers().rank}"
    folder.mkdir(parents=True, exist_ok=True)
    yield folder
    shutil.rmtree(folder)
