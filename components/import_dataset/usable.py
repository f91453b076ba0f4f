"""Whether anything can be done with what was read."""

from ..data.dataset import DatasetWriter
from ..data.items import Task
from ..errors import InputError


def check_usable(writer: DatasetWriter, source: str, task: Task) -> None:
    """Refuses data of which nothing can be used, before the dataset is put in place.

    Raises:
        InputError: no item could be read, or none of them has a label.
    """
    item = "image" if task.is_image else "row"
    if not writer.count:
        first = writer.first_reject
        cause = f"; the first, {first.source}: {first.detail}" if first else ""
        raise InputError(f"{source} has no {item} that can be read{cause}.")
    if not writer.labels and not task.predicts_numbers:
        what = "box" if task == Task.OBJECT_DETECTION else "label"
        raise InputError(f"no {item} of {source} has a {what}: label some, or give the task that the data are for.")
