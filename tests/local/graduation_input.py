"""Small labelled data for whole graduations, easy enough to be learned in seconds."""

import json
from pathlib import Path

import numpy as np
import pandas as pd
from PIL import Image, ImageDraw

COLOURS = {"red": (220, 30, 30), "blue": (30, 30, 220)}
SPLITS = ["training"] * 7 + ["validation"] + ["test"] * 2


def write_table(file: Path, rows: int = 400) -> Path:
    """A table with a number, a category, missing values, and a label that follows from them, but for some noise."""
    rng = np.random.default_rng(0)
    size, town = rng.normal(size=rows), rng.choice(["Oslo", "Bergen", "Røros"], rows)
    price = 3 * size + (town == "Oslo") * 2 + rng.normal(size=rows)
    table = pd.DataFrame(
        {"size": size, "town": town, "price": price.round(3), "class": np.where(price > 1, "dear", "cheap")}
    )
    table.loc[::17, "Living size"] = np.nan
    table["ml_use"] = [SPLITS[row % len(SPLITS)] for row in range(rows)]
    table.to_csv(file, index=False)
    return file


def write_texts(file: Path, rows: int = 300) -> Path:
    """A table with a sentence and a label that two of its words tell."""
    rng = np.random.default_rng(0)
    words = {"praise": ["lovely", "splendid"], "complaint": ["broken", "late"]}
    labels = rng.choice(list(words), rows)
    others = ["parcel", "came", "today", "box", "door", "street", "again"]
    texts = [" ".join(rng.permutation([*rng.choice(others, 6), rng.choice(words[label])])) for label in labels]
    pd.DataFrame({"letter": texts, "kind": labels}).to_csv(file, index=False)
    return file


def write_series(file: Path, days: int = 200) -> Path:
    """Daily sales of two shops, with a weekly season and some noise."""
    rng = np.random.default_rng(0)
    day = np.arange(days)
    shops = [
        pd.DataFrame(
            {
                "day": pd.date_range("2025-01-01", periods=days).strftime("%Y-%m-%d"),
                "shop": shop,
                "sold": (level * (1 + 0.4 * np.sin(2 * np.pi * day / 7)) + rng.normal(0, level / 20, days)).round(2),
            }
        )
        for shop, level in (("north", 100), ("south", 30))
    ]
    pd.concat(shops).to_csv(file, index=False)
    return file


def write_scenes(folder: Path, count: int = 40) -> Path:
    """Pictures of two coloured squares, in Vertex AI's import format; one file is cut short."""
    rng = np.random.default_rng(0)
    lines = []
    for number in range(count):
        width, height = int(rng.integers(90, 140)), int(rng.integers(90, 140))
        picture = Image.fromarray(rng.integers(180, 220, (height, width, 3), np.uint8))
        boxes = []
        for label, colour in COLOURS.items():
            left = 2 if label == "red" else width // 2
            x, y = left + int(rng.integers(0, 12)), int(rng.integers(0, height - 34))
            ImageDraw.Draw(picture).rectangle((x, y, x + 30, y + 30), colour)
            edges = {"xMin": x / width, "yMin": y / height, "xMax": (x + 31) / width, "yMax": (y + 31) / height}
            boxes.append({"displayName": label, **edges})
        picture.save(folder / f"{number}.jpg")
        lines.append(
            {
                "imageGcsUri": f"{number}.jpg",
                "boundingBoxAnnotations": boxes,
                "dataItemResourceLabels": {"aiplatform.googleapis.com/ml_use": SPLITS[number % len(SPLITS)]},
            }
        )
    cut = folder / "0.jpg"
    cut.write_bytes(cut.read_bytes()[:900])
    file = folder / "import.jsonl"
    file.write_text("".join(json.dumps(line) + "\n" for line in lines))
    return file
