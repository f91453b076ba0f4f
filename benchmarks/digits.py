"""scikit-learn's scanned digits, as a table and as images."""

from pathlib import Path

from PIL import Image
from sklearn.datasets import load_digits

_SIDE = 32  # pixels of a digit's image, whose scan has 8 x 8


def digits_table(scratch: Path) -> Path:
    """Writes them as a CSV file: 64 columns of numbers and `digit`."""
    digits = load_digits(as_frame=True)
    file = scratch / "digits.csv"
    digits.data.assign(digit=digits.target).to_csv(file, index=False)
    return file


def digits_images(scratch: Path) -> Path:
    """Writes them as images in folders of their class."""
    digits = load_digits()
    for place, (pixels, label) in enumerate(zip(digits.images, digits.target, strict=True)):
        folder = scratch / "digits" / str(label)
        folder.mkdir(parents=True, exist_ok=True)
        picture = Image.fromarray((pixels * 255 / 16).astype("uint8"))
        picture.resize((_SIDE, _SIDE), Image.Resampling.BICUBIC).save(folder / f"{place}.png")
    return scratch / "digits"
