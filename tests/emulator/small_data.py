"""Small data in the bucket, and the SDK's resources made of them."""

import io
import json
import random
from typing import Any

import pandas as pd
from google.cloud import aiplatform
from google.cloud.aiplatform import schema
from google.cloud.storage import Bucket
from PIL import Image

PARENT = "projects/demo/locations/europe-west4"
IO = schema.dataset.ioformat.image


def flowers(rows: int = 1_200) -> pd.DataFrame:
    """Rows whose `kind` follows from `width`, and whose `price` is ten times `width`; a colour says nothing."""
    chance = random.Random(3)
    widths = [round(chance.uniform(0, 10), 3) for _ in range(rows)]
    return pd.DataFrame(
        {
            "width": widths,
            "colour": [chance.choice(["red", "blue", ""]) for _ in widths],
            "kind": ["rose" if width > 5 else "lily" for width in widths],
            "price": [10 * width + 1 for width in widths],
            "use": ["TRAIN" if at % 10 < 8 else "VALIDATE" if at % 10 == 8 else "TEST" for at in range(rows)],
        }
    )


def sales(days: int = 600) -> pd.DataFrame:
    """Two series of daily sales, one level and one growing."""
    times = pd.date_range("2024-01-01", periods=days).strftime("%Y-%m-%d")
    level = pd.DataFrame({"shop": "a", "day": times, "sold": 50.0})
    growing = pd.DataFrame({"shop": "b", "day": times, "sold": [float(at + 1) for at in range(days)]})
    return pd.concat([level, growing])


def put(bucket: Bucket, name: str, table: pd.DataFrame) -> str:
    bucket.blob(name).upload_from_string(table.to_csv(index=False))
    return f"gs://{bucket.name}/{name}"


def tabular_dataset(bucket: Bucket, rows: int = 1_200) -> aiplatform.TabularDataset:
    return aiplatform.TabularDataset.create("flowers", gcs_source=put(bucket, "flowers.csv", flowers(rows)))


def put_images(bucket: Bucket, count: int = 40) -> list[str]:
    """Red images with even numbers, blue ones with odd."""
    uris = []
    for at in range(count):
        content = io.BytesIO()
        shade = 200 + at
        Image.new("RGB", (24, 24), (shade, 0, 0) if at % 2 == 0 else (0, 0, shade)).save(content, "PNG")
        bucket.blob(f"images/{at}.png").upload_from_string(content.getvalue())
        uris.append(f"gs://{bucket.name}/images/{at}.png")
    return uris


def annotation(import_schema: str, at: int) -> dict[str, Any]:
    label = "red" if at % 2 == 0 else "blue"
    if import_schema == IO.single_label_classification:
        return {"classificationAnnotation": {"displayName": label}}
    if import_schema == IO.multi_label_classification:
        return {"classificationAnnotations": [{"displayName": label}, {"displayName": "plain"}]}
    sides = {"xMin": 0.1, "yMin": 0.2, "xMax": 0.5, "yMax": 0.9}
    return {"boundingBoxAnnotations": [{"displayName": label, **sides}]}


def image_dataset(bucket: Bucket, import_schema: str) -> aiplatform.ImageDataset:
    uses = ["training"] * 8 + ["validation", "test"]
    lines = [
        {
            "imageGcsUri": uri,
            **annotation(import_schema, at),
            "dataItemResourceLabels": {"aiplatform.googleapis.com/ml_use": uses[at // 2 % 10]},
        }
        for at, uri in enumerate(put_images(bucket))
    ]
    bucket.blob("import.jsonl").upload_from_string("\n".join(map(json.dumps, lines)))
    return aiplatform.ImageDataset.create(
        "colours", gcs_source=f"gs://{bucket.name}/import.jsonl", import_schema_uri=import_schema
    )
