"""COCO: one JSON file per split with boxes [x, y, width, height] in pixels (https://cocodataset.org/#format-data).

Two layouts are read:

    annotations/instances_<split>.json  with the images in <split>/ or images/<split>/
    [<split>/]_annotations.coco.json    beside the images

Crowd regions (`iscrowd`) mark many objects at once and are no boxes of one: they are listed among the rejects.
"""

import json
import re
from collections import defaultdict
from collections.abc import Iterator
from typing import Any

from .. import storage
from ..images import IMAGE_SUFFIXES
from ..items import Box, Reject
from ..splits import named_split, split_of_path
from .records import Record, Records, finite_number

_INSTANCES = re.compile(r"annotations/instances_(?P<split>[^/]+)\.json")
_FLAT = re.compile(r"((?P<split>[^/]+)/)?_annotations\.coco\.json")


def annotation_files(names: list[str]) -> list[str]:
    """Those of a folder's files that are COCO annotations."""
    return [name for name in names if _INSTANCES.fullmatch(name) or _FLAT.fullmatch(name)]


def read_coco(folder: str, names: list[str]) -> Records:
    """Reads a folder of COCO annotations; each file of them is held in memory in turn, without its masks.

    Args:
        folder: URI of the folder.
        names: its files, relative to it.
    """
    images = sum(name.lower().endswith(IMAGE_SUFFIXES) for name in names)
    known = set(names)
    return Records(images, (record for file in annotation_files(names) for record in _records(folder, file, known)))


def _records(folder: str, file: str, names: set[str]) -> Iterator[Record | Reject]:
    split, image_folders = _split_and_image_folders(file)
    try:
        content = json.loads(storage.read_bytes(storage.join(folder, file)), object_hook=_without_mask)
        labels = {category["id"]: str(category["name"]).strip() for category in content["categories"]}
        images = [(image["id"], str(image["file_name"])) for image in content["images"]]
        boxes, rejects = _boxes_of_images(content["annotations"], labels, file, split)
    except (OSError, ValueError, KeyError, TypeError) as error:
        yield Reject(file, "", "bad_annotation", f"not a COCO file: {error!r}", split)
        return
    yield from rejects
    for number, (image_id, file_name) in enumerate(images):
        candidates = [image_folder + file_name for image_folder in image_folders]
        name = next((candidate for candidate in candidates if candidate in names), candidates[0])
        source = f"{file}:images[{number}]"
        yield Record(name, storage.join(folder, name), source, split, boxes=tuple(boxes[image_id]), in_pixels=True)


def _split_and_image_folders(file: str) -> tuple[str, list[str]]:
    """The split that a file of annotations names (train2017 is train), and where its images may be."""
    if match := _INSTANCES.fullmatch(file):
        word = match["split"]
        return named_split(word.rstrip("0123456789")) or "", [f"{word}/", f"images/{word}/", "images/", ""]
    return split_of_path(file), [file.removesuffix("_annotations.coco.json")]


def _without_mask(entry: dict[str, Any]) -> dict[str, Any]:
    entry.pop("segmentation", None)
    return entry


def _boxes_of_images(
    annotations: list[dict[str, Any]], labels: dict[Any, str], file: str, split: str
) -> tuple[defaultdict[Any, list[Box]], list[Reject]]:
    boxes: defaultdict[Any, list[Box]] = defaultdict(list)
    rejects: list[Reject] = []
    for number, annotation in enumerate(annotations):
        source = f"{file}:annotations[{number}]"
        try:
            if annotation.get("iscrowd"):
                rejects.append(Reject(source, "", "crowd", "a crowd region, no box of one object", split))
            else:
                boxes[annotation["image_id"]].append(_box(annotation, labels))
        except (AttributeError, KeyError, TypeError, ValueError) as error:
            rejects.append(Reject(source, "", "bad_annotation", f"not a box: {error!r}", split))
    return boxes, rejects


def _box(annotation: dict[str, Any], labels: dict[Any, str]) -> Box:
    x, y, width, height = (finite_number(edge, "a coordinate") for edge in annotation["bbox"])
    return Box(labels[annotation["category_id"]], x, y, x + width, y + height)
