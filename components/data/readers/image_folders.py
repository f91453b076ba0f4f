"""Images in folders named after their class: `[<split>/]<label>/<image>`."""

from .. import storage
from ..images import IMAGE_SUFFIXES
from ..splits import splits_and_labels
from .records import Record, Records


def has_images(names: list[str]) -> bool:
    """Whether there are images among these files."""
    return any(name.lower().endswith(IMAGE_SUFFIXES) for name in names)


def read_image_folders(folder: str, names: list[str]) -> Records:
    """Reads a folder of classes (see `splits_and_labels`); an image outside any class folder has no label.

    Args:
        folder: URI of the folder.
        names: its files, relative to it.
    """
    images = [name for name in names if name.lower().endswith(IMAGE_SUFFIXES)]
    records = (
        Record(name, storage.join(folder, name), name, split, labels=(label,) if label else ())
        for name, split, label in splits_and_labels(images)
    )
    return Records(len(images), records)
