"""Photographed-page-like scenes of scikit-learn's scanned handwritten digits, labelled for object detection.

The digits are the test part of "Optical Recognition of Handwritten Digits" (E. Alpaydin, C. Kaynak, 1998, UCI
Machine Learning Repository, CC BY 4.0): 1,797 scans of 8x8 pixels. No scan stands in two splits.
"""

import json
from pathlib import Path

import numpy as np
from PIL import Image, ImageFilter
from sklearn.datasets import load_digits

from ...components.data.storage import write_atomically
from .faults import plant_faults
from .found import PLANTED_FILE
from .scene import LabelledBox, Scene

FILE = "import.jsonl"
SCENES = {"training": 400, "validation": 50, "test": 100}
# Shares of the 1,797 scans; a scan is used in one split only, so that the test digits are new handwriting.
SCAN_SHARES = {"training": 0.7, "validation": 0.1, "test": 0.2}
SIDES = (224, 256, 288)  # pixels; a scene's width and height are drawn from these
DIGITS_PER_SCENE = (3, 9)
DIGIT_SIDES = (24, 80)  # pixels
LARGEST_OVERLAP = 0.05  # of the smaller of two boxes


def make_scenes(folder: Path, seed: int = 0) -> Path:
    """Writes the scenes as JPEG files, and beside them the import file and the list of planted faults.

    Args:
        folder: created; files in it are overwritten.
        seed: of everything random; the same seed gives the same bytes.

    Returns:
        The path of the import file.
    """
    rng = np.random.default_rng(seed)
    images = folder / "images"
    images.mkdir(parents=True, exist_ok=True)
    scenes = []
    for ml_use, scans in scans_by_split(rng).items():
        for number in range(SCENES[ml_use]):
            scene, picture = draw_scene(f"images/{ml_use}-{number:03d}.jpg", ml_use, scans, rng)
            Image.fromarray(picture).save(folder / scene.name, quality=int(rng.integers(70, 96)))
            scenes.append(scene)
    scenes, planted = plant_faults(scenes, folder, rng)
    (folder / PLANTED_FILE).write_text(json.dumps(planted, indent=1), encoding="utf-8")
    with write_atomically(folder / FILE) as aside:  # last: the data are whole when it is there
        aside.write_text("".join(scene.import_line() + "\n" for scene in scenes), encoding="utf-8")
    return folder / FILE


def scans_by_split(rng: np.random.Generator) -> dict[str, list[tuple[np.ndarray, str]]]:
    """The scans (float [8, 8], 0..1) with their labels, dealt out to the splits without overlap."""
    pixels, labels = load_digits(return_X_y=True)
    order = rng.permutation(len(labels))
    ends = np.cumsum([round(share * len(order)) for share in SCAN_SHARES.values()])
    parts = np.split(order, ends[:-1])
    return {
        ml_use: [(pixels[i].reshape(8, 8) / 16.0, str(labels[i])) for i in part]
        for ml_use, part in zip(SCAN_SHARES, parts, strict=True)
    }


def draw_scene(
    name: str, ml_use: str, scans: list[tuple[np.ndarray, str]], rng: np.random.Generator
) -> tuple[Scene, np.ndarray]:
    """One scene and its picture, uint8 [height, width, 3]."""
    width, height = (int(side) for side in rng.choice(SIDES, 2))
    scene = Scene(name, ml_use, width, height)
    paper = draw_paper(width, height, rng)
    ink_colour = rng.uniform(0, 90, 3)
    for _ in range(rng.integers(*DIGITS_PER_SCENE, endpoint=True)):
        scan, label = scans[rng.integers(len(scans))]
        ink = draw_digit(scan, rng)
        box = free_place(scene, ink.shape[1], ink.shape[0], label, rng)
        if box is None:
            continue
        scene.boxes.append(tight_box(box, ink))
        part = paper[int(box.ymin) : int(box.ymax), int(box.xmin) : int(box.xmax)]
        part += ink[..., None] * (ink_colour - part)
    noisy = paper + rng.normal(0, rng.uniform(2, 10), paper.shape)
    return scene, np.clip(noisy, 0, 255).astype(np.uint8)


def draw_paper(width: int, height: int, rng: np.random.Generator) -> np.ndarray:
    """An empty page under uneven light, some of them ruled: float [height, width, 3], 0..255."""
    page = np.ones((height, width, 3)) * rng.uniform(170, 245, 3)
    slope = rng.normal(0, 25, 2)
    light = slope[0] * np.linspace(-1, 1, width)[None, :] + slope[1] * np.linspace(-1, 1, height)[:, None]
    page += light[..., None]
    if rng.random() < 0.5:
        page[:: int(rng.integers(18, 40))] -= rng.uniform(15, 50)
    return page


def draw_digit(scan: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """A scan enlarged, turned a little and softened: float [side, side], 0 (paper) to 1 (ink)."""
    side = int(np.exp(rng.uniform(*np.log(DIGIT_SIDES))))
    picture = Image.fromarray((scan * 255).astype(np.uint8)).resize((side, side), Image.Resampling.BICUBIC)
    turned = picture.rotate(rng.uniform(-12, 12), Image.Resampling.BICUBIC)
    soft = turned.filter(ImageFilter.GaussianBlur(rng.uniform(0, side / 40)))
    return np.asarray(soft, np.float64) / 255 * rng.uniform(0.75, 1.0)


def free_place(scene: Scene, width: int, height: int, label: str, rng: np.random.Generator) -> LabelledBox | None:
    """A random place that covers no other digit, or None after twenty tries."""
    for _ in range(20):
        x, y = int(rng.integers(0, scene.width - width)), int(rng.integers(0, scene.height - height))
        box = LabelledBox(label, x, y, x + width, y + height)
        if all(box.overlap(other) <= LARGEST_OVERLAP for other in scene.boxes):
            return box
    return None


def tight_box(box: LabelledBox, ink: np.ndarray) -> LabelledBox:
    """The box around the visible ink, as a person would draw it."""
    rows, columns = np.where(ink > 0.2)
    return LabelledBox(
        box.label,
        box.xmin + columns.min(),
        box.ymin + rows.min(),
        box.xmin + columns.max() + 1,
        box.ymin + rows.max() + 1,
    )
