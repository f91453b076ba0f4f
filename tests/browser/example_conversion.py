"""The page of a conversion with everything on it, with names that are HTML or have no place to break."""

import hashlib
from dataclasses import replace
from pathlib import Path

import numpy as np
from PIL import Image

from graduate.components.data.dataset import Dataset, DatasetWriter
from graduate.components.data.items import Box, Item, Task
from graduate.components.models import predictions
from graduate.components.models.folder import ModelFolder
from graduate.components.onnx_convert.certificate import Certificate
from graduate.components.onnx_convert.forms.form_proof import FormProof
from graduate.components.onnx_convert.page.write import write_conversion_page
from graduate.components.onnx_convert.proof.agreement import OutputProof
from graduate.components.onnx_convert.proof.departure import Departure
from graduate.components.onnx_convert.proof.detections import DetectionProof
from graduate.components.onnx_convert.proof.prove import TensorProof
from graduate.components.onnx_convert.proof.task import compare
from graduate.components.onnx_convert.smaller.record import Attempt, Figures, Trial
from graduate.components.onnx_convert.source import Source

EVIL = "<script>document.title = 'evil'</script>"
LONG = "StatefulPartitionedCall/" + "a_name_without_any_place_to_break_" * 6
LABELS = ["ace", "king", EVIL]


def conversion_page(folder: Path, proven: bool) -> Path:
    """The page of a detector's conversion, with an int8 file and other forms; or of one that departs."""
    items = [_scene(folder / "images", place) for place in range(8)]
    data = _dataset(folder / "data", items)
    model = _model(folder / "model", data, items)
    found = dict(predictions.read(model.predictions("test")))
    certificate = Certificate(
        source={"name": model.name, "signature": "serving_default", "bytes": 15_900_000, "model": "0" * 64},
        data=dict(data.digests),
        file={"opset": 18, "bytes": 12_600_000, "sha256": "f" * 64},
        tensors=_tensors(proven),
        task=replace(compare(data, data.task, found, found), max_abs_difference=1.3e-5),
        weaknesses=[f"Nobody says what {EVIL} means."],
        predicted=found,
    )
    if proven:
        certificate.seconds = {"tensorflow": 0.046, "onnx_fp32": 0.017}
        certificate.attempt, certificate.forms = _attempt(), _forms()
    page = folder / "page.html"
    write_conversion_page(page, certificate, Source(model.path, model, model.saved_model), data)
    return page


def _tensors(proven: bool) -> TensorProof:
    outputs = [
        OutputProof(LONG + ":0", "float32", True, 2.2e-4, 2.4e-4, 0.92, 1.4e-5, 9.2e-5, True, True),
        OutputProof("boxes", "float32", False, 0.3, 11.0, 0.027, 0.2, 2.7e-6, proven, True),
    ]
    departure = Departure(LONG, "Resize", LONG + ":0", "ResizeArea", 0.3, 0.92, [LONG + "/1", EVIL])
    return TensorProof(
        proven=proven,
        reason="" if proven else f"{LONG} departs",
        weaknesses=["Nothing was found in three pictures."],
        batches=38,
        items=64,
        outputs=outputs,
        detections=DetectionProof(64, 5337, 0 if proven else 12, 1, 1.3e-5, 3.8e-6),
        departure=None if proven else departure,
    )


def _attempt() -> Attempt:
    return Attempt(
        "int8",
        True,
        "int8 is taken: a call takes 11.3 ms against 17.7 ms; ap is 0.812 against 0.8154, a loss of 0.34 points.",
        0.01,
        "ap",
        Figures(12_600_000, 0.0177, 0.8154),
        Figures(3_870_000, 0.0113, 0.812),
        0.0034,
        "ranges by percentile, heads as float32",
        128,
        "28 training items held out",
        [
            Trial("ranges by minimum and maximum", 3_870_000, 0.79, 0.025, 1e-3),
            Trial(LONG, 3_900_000, 0.81, 0.005, 5e-4),
        ],
    )


def _forms() -> list[FormProof]:
    return [
        FormProof(
            "tflite", True, "proven on 64 test images.", ("model.tflite",), 12_400_000, 64, True, {"boxes": 8e-7}
        ),
        FormProof("edge_tpu", False, f"refused: {LONG} is no operation of the Edge TPU."),
    ]


def _model(folder: Path, data: Dataset, items: list[Item]) -> ModelFolder:
    model = ModelFolder(
        path=folder,
        name=f"detector {EVIL}",
        task=Task.OBJECT_DETECTION,
        labels=LABELS,
        framework="tensorflow",
        pretrained="",
        dataset_digests=data.digests,
        input={"kind": "image", "name": "image_tensor", "height": 320, "width": 320},
    )
    predictions.write(model.predictions("test"), [(item.id, _prediction(item)) for item in items])
    model.save()
    return model


def _prediction(item: Item) -> predictions.LabelledPrediction:
    return {
        "displayNames": [box.label for box in item.boxes],
        "confidences": [0.9] * len(item.boxes),
        "bboxes": [[box.xmin, box.xmax, box.ymin, box.ymax] for box in item.boxes],
    }


def _scene(folder: Path, place: int) -> Item:
    folder.mkdir(parents=True, exist_ok=True)
    file = folder / f"{place}.png"
    rng = np.random.default_rng(place)
    Image.fromarray(rng.integers(90, 200, (12, 16, 3), dtype=np.uint8)).resize((320, 240)).save(file)
    boxes = [Box(label, 0.05 + 0.3 * n, 0.2, 0.3 + 0.3 * n, 0.8) for n, label in enumerate(LABELS[: 1 + place % 3])]
    return Item(
        f"{place}.png",
        str(file),
        str(place),
        hashlib.sha256(file.read_bytes()).hexdigest(),
        "",
        320,
        240,
        "0" * 16,
        [],
        boxes,
    )


def _dataset(folder: Path, items: list[Item]) -> Dataset:
    with DatasetWriter(folder, Task.OBJECT_DETECTION, "import.jsonl") as writer:
        for item in items:
            writer.add(item, "test")
    return Dataset.open(folder)
