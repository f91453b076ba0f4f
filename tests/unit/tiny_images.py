"""Small images for tests, each with a content of its own."""

import io
from pathlib import Path

import numpy as np
from PIL import Image


def image_bytes(seed: int = 0, width: int = 40, height: int = 20, format_: str = "PNG") -> bytes:
    """An image of coloured noise."""
    pixels = np.random.default_rng(seed).integers(0, 256, (height, width, 3), np.uint8)
    buffer = io.BytesIO()
    Image.fromarray(pixels).save(buffer, format_)
    return buffer.getvalue()


def write_images(folder: Path, *names: str) -> None:
    """Writes one image of 40 x 20 pixels under each name, all of them different."""
    for seed, name in enumerate(names):
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(image_bytes(seed, format_="JPEG" if name.lower().endswith(".jpg") else "PNG"))
