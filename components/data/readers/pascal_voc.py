"""Pascal VOC: one XML file per image with boxes in pixels.

Two layouts are read:

    Annotations/*.xml  JPEGImages/*  ImageSets/Main/{train,val,test,trainval}.txt      as the VOC devkit has it
    [<split>/]<name>.xml beside [<split>/]<name>.jpg                                   as labelling tools write it

Boxes: the devkit counts pixels from 1 and includes the last one
(http://host.robots.ox.ac.uk/pascal/VOC/voc2012/devkit_doc.pdf), so the left edge of the box is xmin - 1 and the right
edge xmax, and likewise for y. A minimum of 0, unknown to the devkit but written by many tools, is the frame's edge.
Objects marked difficult are kept.
"""

from collections.abc import Iterator
from pathlib import PurePosixPath
from xml.etree.ElementTree import Element, ParseError

from defusedxml.common import DefusedXmlException
from defusedxml.ElementTree import fromstring

from .. import storage
from ..images import IMAGE_SUFFIXES
from ..items import Box, Reject
from ..splits import split_of_path
from .records import Record, Records, finite_number

_SETS = {"train": "train", "val": "validation", "test": "test"}


def is_devkit(names: list[str]) -> bool:
    """Whether a folder with these files is laid out as the VOC devkit."""
    return any(name.startswith("Annotations/") and name.endswith(".xml") for name in names)


def read_devkit(folder: str, names: list[str]) -> Records:
    """Reads a folder laid out as the VOC devkit, in the splits of `ImageSets/Main`.

    `trainval` counts as training where there is no `train`. Annotations in no list are rejected as `not_listed`;
    where there are no lists, all are read and no split is named.

    Args:
        folder: URI of the folder that holds `Annotations`.
        names: its files, relative to it.
    """
    annotations = {PurePosixPath(name).stem: name for name in names if _is_in(name, "Annotations", (".xml",))}
    images = {PurePosixPath(name).stem: name for name in names if _is_in(name, "JPEGImages", IMAGE_SUFFIXES)}
    listed = list(_listed(folder, names)) or [(stem, "", f"Annotations/{stem}.xml") for stem in annotations]
    return Records(len(listed), _devkit_records(folder, annotations, images, listed))


def read_beside(folder: str, names: list[str]) -> Records:
    """Reads XML files that stand beside their images, in the split that a folder's name gives.

    Args:
        folder: URI of the folder.
        names: its files, relative to it.
    """
    images = {str(PurePosixPath(name).with_suffix("")): name for name in names if name.lower().endswith(IMAGE_SUFFIXES)}
    annotations = [name for name in names if name.endswith(".xml")]
    return Records(len(annotations), _beside_records(folder, annotations, images))


def _is_in(name: str, folder: str, suffixes: tuple[str, ...]) -> bool:
    return name.startswith(f"{folder}/") and name.lower().endswith(suffixes)


def _listed(folder: str, names: list[str]) -> Iterator[tuple[str, str, str]]:
    """Yields the stem, the split and the place of each line of the official lists."""
    sets = _SETS if "ImageSets/Main/train.txt" in names else _SETS | {"trainval": "train"}
    for word, split in sets.items():
        name = f"ImageSets/Main/{word}.txt"
        if name in names:
            lines = storage.read_bytes(storage.join(folder, name)).decode("utf-8-sig", errors="replace").splitlines()
            for number, line in enumerate(lines, start=1):
                if line.strip():
                    yield line.split()[0], split, f"{name}:{number}"


def _devkit_records(
    folder: str, annotations: dict[str, str], images: dict[str, str], listed: list[tuple[str, str, str]]
) -> Iterator[Record | Reject]:
    for stem, split, place in listed:
        if stem not in annotations:
            yield Reject(place, stem, "no_annotation", f"there is no Annotations/{stem}.xml", split)
        else:
            yield _record(folder, annotations[stem], images.get(stem, ""), split)
    in_lists = {stem for stem, _, _ in listed}
    for stem, name in annotations.items():
        if stem not in in_lists:
            yield Reject(name, images.get(stem, ""), "not_listed", "in no list of ImageSets/Main")


def _beside_records(folder: str, annotations: list[str], images: dict[str, str]) -> Iterator[Record | Reject]:
    for name in annotations:
        yield _record(folder, name, images.pop(name.removesuffix(".xml"), ""), split_of_path(name))
    for stem, name in images.items():
        yield Reject(name, storage.join(folder, name), "no_annotation", f"there is no {stem}.xml", split_of_path(name))


def _record(folder: str, annotation: str, image: str, split: str) -> Record | Reject:
    uri = storage.join(folder, image)
    if not image:
        return Reject(annotation, "", "unreadable_file", "no image of that name", split)
    try:
        root = fromstring(storage.read_bytes(storage.join(folder, annotation)))
        if root.tag != "annotation":
            raise ValueError(f"the root element is <{root.tag}>, not <annotation>")
        boxes = tuple(_box(entry) for entry in root.iter("object"))
    except (ParseError, DefusedXmlException, ValueError, OSError) as error:
        return Reject(annotation, uri, "bad_annotation", str(error), split)
    return Record(image, uri, annotation, split, boxes=boxes, in_pixels=True)


def _box(entry: Element) -> Box:
    xmin, ymin, xmax, ymax = (
        finite_number(entry.findtext(f"bndbox/{edge}", ""), edge) for edge in ("xmin", "ymin", "xmax", "ymax")
    )
    return Box((entry.findtext("name") or "").strip(), _first_edge(xmin), _first_edge(ymin), xmax, ymax)


def _first_edge(pixel: float) -> float:
    return 0.0 if 0 <= pixel < 1 else pixel - 1
