"""Which reader a source of images needs, from what is there."""

from ...errors import InputError
from .. import storage
from ..items import Task
from . import coco, image_folders, pascal_voc
from .records import Records
from .vertex_csv import read_vertex_csv
from .vertex_jsonl import read_vertex_jsonl

_ACCEPTED = {
    Task.OBJECT_DETECTION: "a folder of Pascal VOC (Annotations/*.xml, or .xml beside the images) or of COCO "
    "(annotations/instances_<split>.json, or <split>/_annotations.coco.json)",
    Task.IMAGE_CLASSIFICATION: "a folder [<split>/]<label>/<image>",
}


def read_records(source: str, task: Task) -> Records:
    """Opens a source of labelled images with the reader of its format.

    Args:
        source: local path or `gs://` URI of an import file or a folder.
        task: an image task.

    Raises:
        InputError: it is of no format that is read for the task; says which are.
    """
    suffix = source.lower().rpartition(".")[2]
    if suffix == "csv":
        return read_vertex_csv(source, task)
    if suffix in ("jsonl", "ndjson"):
        return read_vertex_jsonl(source, task)
    names = [storage.relative_name(uri, source) for uri in storage.list_files(source)]
    records = _folder_records(source, names, task)
    if records is None:
        raise InputError(
            f"{source} holds no data for {task}: give a Vertex AI import file (.jsonl or .csv), or {_ACCEPTED[task]}."
        )
    return records


def _folder_records(folder: str, names: list[str], task: Task) -> Records | None:
    if task == Task.IMAGE_CLASSIFICATION:
        return image_folders.read_image_folders(folder, names) if image_folders.has_images(names) else None
    if coco.annotation_files(names):
        return coco.read_coco(folder, names)
    if pascal_voc.is_devkit(names):
        return pascal_voc.read_devkit(folder, names)
    if any(name.endswith(".xml") for name in names):
        return pascal_voc.read_beside(folder, names)
    return None
