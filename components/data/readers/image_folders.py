"""Images in folders named after their class: `[<split>/]<label>/<image>`."""

from .. import storage
from ..images import IMAGE_SUFFIXES
from ..splits import named_split
from .records import Record, Records


def has_images(names: list[str]) -> bool:
    """Whether there are images among these files."""
    return any(name.lower().endswith(IMAGE_SUFFIXES) for name in names)


def read_image_folders(folder: str, names: list[str]) -> Records:
    """Reads a folder of classes; an image outside any class folder has no label.

    The first folders are splits only where all of them are named so: among car, bus and train, "train" is a class.

    Args:
        folder: URI of the folder.
        names: its files, relative to it.
    """
    images = [name for name in names if name.lower().endswith(IMAGE_SUFFIXES)]
    has_splits = all(named_split(name.partition("/")[0]) for name in images)
    return Records(len(images), (_record(folder, name, has_splits) for name in images))


def _record(folder: str, name: str, has_splits: bool) -> Record:
    folders = name.split("/")[:-1]
    split = named_split(folders.pop(0)) if has_splits and folders else None
    return Record(name, storage.join(folder, name), name, split or "", labels=tuple(folders[:1]))
