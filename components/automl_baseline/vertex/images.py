"""Images for the service: an import file, and the images themselves where they are not in a bucket.

https://cloud.google.com/vertex-ai/docs/image-data/classification/prepare-data and .../object-detection/prepare-data
"""

import json
import mimetypes
from collections.abc import Iterable, Iterator, Sequence
from pathlib import PurePosixPath
from typing import Any

from ...data import storage
from ...data.dataset import Dataset
from ...data.images import read_image
from ...data.items import SPLITS, Item, Task
from ...data.progress import Progress
from .material import ML_USE, Material

ML_USE_LABEL = "aiplatform.googleapis.com/ml_use"


def upload_images(dataset: Dataset, folder: str) -> Material:
    """Uploads local images and the import file, and the list of the images of validation and test to predict.

    What is there from an earlier run is not uploaded again. Images in buckets stay where they are.

    Args:
        dataset: of images.
        folder: gs:// URI, of this data alone.
    """
    training, to_predict = f"{folder}/import.jsonl", f"{folder}/to_predict.jsonl"
    if not storage.exists(to_predict):
        _upload_local_images(dataset, folder)
        storage.write_bytes(training, _lines(_import_lines(dataset, folder)))
        # Last: it stands for all of them.
        storage.write_bytes(to_predict, _lines(_prediction_lines(dataset, folder)))
    ids = {uri: item.id for _, item, uri in _placed(dataset, folder, ("validation", "test"))}
    return Material(training, (to_predict,), "jsonl", lambda instance: ids.get(instance.get("content", "")))


def places(dataset: Dataset) -> list[str]:
    """Where each image lies in a folder of the staging bucket, or its URI where it is in a bucket already."""
    return [uri for _, _, uri in _placed(dataset, "", SPLITS)]


def _upload_local_images(dataset: Dataset, folder: str) -> None:
    present = set(storage.list_files(f"{folder}/images"))
    progress = Progress("upload", "images", sum(dataset.counts.values()))
    for _, item, uri in _placed(dataset, folder, SPLITS):
        if not storage.is_remote(item.uri) and uri not in present:
            storage.write_bytes(uri, read_image(item))
        progress.advance()
    progress.finish()


def _import_lines(dataset: Dataset, folder: str) -> Iterator[dict[str, Any]]:
    for split, item, uri in _placed(dataset, folder, SPLITS):
        if annotations := _annotations(dataset.task, item, dataset.is_multi_label):
            labels = {"dataItemResourceLabels": {ML_USE_LABEL: ML_USE[split]}}
            yield {"imageGcsUri": uri, **annotations, **labels}


def _annotations(task: Task, item: Item, several: bool) -> dict[str, Any]:
    """An image without a label or a usable box has nothing for the service to learn from, and is not imported."""
    if task is Task.OBJECT_DETECTION:
        boxes = [
            {"displayName": box.label, "xMin": box.xmin, "yMin": box.ymin, "xMax": box.xmax, "yMax": box.ymax}
            for box in item.usable_boxes()
        ]
        return {"boundingBoxAnnotations": boxes} if boxes else {}
    named = [{"displayName": label} for label in item.labels]
    if not named:
        return {}
    return {"classificationAnnotations": named} if several else {"classificationAnnotation": named[0]}


def _prediction_lines(dataset: Dataset, folder: str) -> Iterator[dict[str, Any]]:
    for _, _, uri in _placed(dataset, folder, ("validation", "test")):
        yield {"content": uri, "mimeType": mimetypes.guess_type(uri)[0] or "image/jpeg"}


def _placed(dataset: Dataset, folder: str, splits: Sequence[str]) -> Iterator[tuple[str, Item, str]]:
    """Yields (split, image, where the service finds it); local images go by their place in the split."""
    for split in splits:
        for number, item in enumerate(dataset.items(split)):
            name = f"{split}-{number}{PurePosixPath(item.uri).suffix.lower()}"
            yield split, item, item.uri if storage.is_remote(item.uri) else f"{folder}/images/{name}"


def _lines(records: Iterable[dict[str, Any]]) -> bytes:
    return "".join(json.dumps(record, ensure_ascii=False) + "\n" for record in records).encode()
