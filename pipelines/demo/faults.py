"""Faults of the kinds that real labelling brings, planted by seed so that the gate's findings can be counted."""

import shutil
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path

import numpy as np

from .scene import Scene

WRONG_LABELS = 60
MISSING_BOXES = 12
DEGENERATE_BOXES = 4
OUT_OF_FRAME_BOXES = 4
DUPLICATES_WITHIN = 3
DUPLICATES_ACROSS = 3

Planted = dict[str, list[dict[str, object]]]


def plant_faults(scenes: list[Scene], folder: Path, rng: np.random.Generator) -> tuple[list[Scene], Planted]:
    """Spoils labels and files of the training split; the test split only gets copies of training images.

    A scene carries one fault at the most, so that what the gate finds can be told apart.

    Args:
        scenes: as drawn, with correct labels; changed in place.
        folder: where the image files are.
        rng: decides what is spoiled.

    Returns:
        The scenes, copies included, and what was planted: rule of the gate -> [{"id": file name, ...}].
    """
    training = [scene for scene in scenes if scene.ml_use == "training"]
    victims = iter([training[i] for i in rng.permutation(len(training))])

    def spoil(count: int, spoiler: Callable[[Scene], dict[str, object]]) -> list[dict[str, object]]:
        return [spoiler(next(victims)) for _ in range(count)]

    planted = {
        "wrong_label": spoil(WRONG_LABELS, lambda scene: flip_label(scene, rng)),
        "missing_box": spoil(MISSING_BOXES, lambda scene: drop_box(scene, rng)),
        "box_degenerate": spoil(DEGENERATE_BOXES, flatten_box),
        "box_out_of_range": spoil(OUT_OF_FRAME_BOXES, push_out_of_frame),
        "undecodable_image": spoil(1, lambda scene: truncate_file(scene, folder)),
    }
    within = list(copies(victims, DUPLICATES_WITHIN, "training", folder))
    across = list(copies(victims, DUPLICATES_ACROSS, "test", folder))
    planted["duplicate"] = [{"id": copy.name, "copy_of": original.name} for original, copy in within]
    planted["split_overlap"] = [{"id": copy.name, "copy_of": original.name} for original, copy in across]
    return scenes + [copy for _, copy in within + across], planted


def flip_label(scene: Scene, rng: np.random.Generator) -> dict[str, object]:
    """Gives a box one of the nine other labels."""
    index = int(rng.integers(len(scene.boxes)))
    box = scene.boxes[index]
    wrong = str((int(box.label) + int(rng.integers(1, 10))) % 10)
    scene.boxes[index] = replace(box, label=wrong)
    return {"id": scene.name, "box": index, "right": box.label, "given": wrong}


def drop_box(scene: Scene, rng: np.random.Generator) -> dict[str, object]:
    """Removes a box; its normalised corners [xmin, ymin, xmax, ymax] stay in the list of what was planted."""
    box = scene.boxes.pop(int(rng.integers(len(scene.boxes))))
    corners = [box.xmin / scene.width, box.ymin / scene.height, box.xmax / scene.width, box.ymax / scene.height]
    return {"id": scene.name, "label": box.label, "corners": corners}


def flatten_box(scene: Scene) -> dict[str, object]:
    """Takes the first box's width away, as a slip of the mouse does."""
    scene.boxes[0] = replace(scene.boxes[0], xmax=scene.boxes[0].xmin)
    return {"id": scene.name, "box": 0}


def push_out_of_frame(scene: Scene) -> dict[str, object]:
    """Lets the first box reach beyond the right edge of the image."""
    scene.boxes[0] = replace(scene.boxes[0], xmax=scene.width * 1.1)
    return {"id": scene.name, "box": 0}


def truncate_file(scene: Scene, folder: Path) -> dict[str, object]:
    """Cuts a JPEG file in half, as a broken upload does."""
    path = folder / scene.name
    data = path.read_bytes()
    path.write_bytes(data[: len(data) // 2])
    return {"id": scene.name}


def copies(originals: Iterator[Scene], count: int, ml_use: str, folder: Path) -> Iterator[tuple[Scene, Scene]]:
    """Copies of image files under other names, with the same labels: pairs of (original, copy)."""
    for number in range(count):
        original = next(originals)
        copy = replace(original, name=f"images/{ml_use}-copy-{number}.jpg", ml_use=ml_use)
        shutil.copyfile(folder / original.name, folder / copy.name)
        yield original, copy
