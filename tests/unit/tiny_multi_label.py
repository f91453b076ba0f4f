"""Small pictures with several labels each: squares of one to three colours on a grey page, and their import file."""

import json
from pathlib import Path

import numpy as np
from PIL import Image, ImageDraw

COLOURS = {"blue": (30, 30, 220), "green": (30, 200, 30), "red": (220, 30, 30)}
COUNTS = {"training": 40, "validation": 8, "test": 16}


def pages(folder: Path, unlabelled: int = 2) -> Path:
    """Pages of 72 x 64 pixels, each with a square of each of its colours.

    Args:
        folder: to write to.
        unlabelled: how many of the training pages are left without a label.

    Returns:
        The import file, JSONL of Vertex AI.
    """
    rng, lines = np.random.default_rng(0), []
    folder.mkdir(parents=True, exist_ok=True)
    for split, count in COUNTS.items():
        for number in range(count):
            chosen = [name for name in COLOURS if rng.random() < 0.5] or ["red"]
            page = Image.new("RGB", (72, 64), (200, 200, 200))
            for place, name in enumerate(chosen):
                x, y = 24 * place + int(rng.integers(0, 4)), int(rng.integers(0, 40))
                ImageDraw.Draw(page).rectangle((x, y, x + 19, y + 19), COLOURS[name])
            page.save(folder / f"{split}-{number}.png")
            given = [] if split == "training" and number < unlabelled else chosen
            lines.append(
                {
                    "imageGcsUri": f"{split}-{number}.png",
                    "classificationAnnotations": [{"displayName": name} for name in given],
                    "dataItemResourceLabels": {"aiplatform.googleapis.com/ml_use": split},
                }
            )
    file = folder / "import.jsonl"
    file.write_text("".join(json.dumps(line) + "\n" for line in lines))
    return file
