"""Trains the small backbone that the demonstration brings: `python -m graduate.pipelines.demo.pretrain FILE`.

It learns to find printed letters (a to z, A to Z; no digits) in scenes like the demonstration's, so that it knows
strokes and paper, but neither the digits nor anybody's handwriting. The letters are Pillow's built-in font
(Aileron, CC0), bent at random. About ten minutes on two cores.
"""

import string
import sys
from pathlib import Path

import keras
import numpy as np
from PIL import Image, ImageDraw, ImageFilter, ImageFont

from ...components.models.backbones import compact_backbone
from ...components.models.detection.anchors import make_anchors
from ...components.models.detection.labels import BoxArrays
from ...components.models.detection.network import build_detector
from ...components.models.detection.training import ImageSource, train_detector
from ...components.models.training import Recipe
from .scenes import draw_scene

SCENES = 2400
STEPS = 1500
SIDE = 256  # pixels
VARIANTS = 30  # of each letter


def draw_letter(letter: str, rng: np.random.Generator) -> np.ndarray:
    """A letter as coarse as the scanned digits, slanted and inked at random: float [8, 8], 0 (paper) to 1 (ink)."""
    canvas = Image.new("L", (96, 96))
    ImageDraw.Draw(canvas).text((48, 48), letter, 255, ImageFont.load_default(72), anchor="mm")
    if rng.random() < 0.7:
        canvas = canvas.filter(ImageFilter.MaxFilter(int(rng.choice([3, 5, 7, 9]))))
    slant, stretch = rng.uniform(-0.35, 0.35), rng.uniform(0.8, 1.3)
    bent = canvas.transform(canvas.size, Image.Transform.AFFINE, (stretch, slant, -48 * (stretch + slant - 1), 0, 1, 0))
    left, top, right, bottom = bent.getbbox() or (0, 0, 96, 96)
    return np.asarray(bent.crop((left, top, right, bottom)).resize((8, 8), Image.Resampling.BOX)) / 255.0


def letter_scenes(rng: np.random.Generator) -> tuple[np.ndarray, BoxArrays]:
    """Scenes of letters: uint8 [N, SIDE, SIDE, 3] and their boxes."""
    letters = string.ascii_letters
    scans = [(draw_letter(letter, rng), letter) for letter in letters for _ in range(VARIANTS)]
    images = np.zeros((SCENES, SIDE, SIDE, 3), np.uint8)
    truth = BoxArrays(np.zeros((SCENES, 9, 4), np.float32), np.full((SCENES, 9), -1, np.int32))
    for index in range(SCENES):
        scene, picture = draw_scene("", "training", scans, rng)
        images[index] = np.asarray(Image.fromarray(picture).resize((SIDE, SIDE), Image.Resampling.BILINEAR))
        for place, box in enumerate(scene.boxes):
            corners = np.array([box.ymin, box.xmin, box.ymax, box.xmax])
            truth.boxes[index, place] = corners / [scene.height, scene.width, scene.height, scene.width]
            truth.labels[index, place] = letters.index(box.label)
    return images, truth


def main() -> None:
    """Trains, and writes the backbone's weights to the file that the command line names."""
    keras.utils.set_random_seed(0)
    backbone = compact_backbone()
    network = build_detector(backbone, len(string.ascii_letters))
    images, truth = letter_scenes(np.random.default_rng(0))
    train_detector(network, make_anchors(SIDE, SIDE), ImageSource(images), truth, Recipe(STEPS, seed=0))
    backbone.save_weights(Path(sys.argv[1]))


if __name__ == "__main__":
    main()
