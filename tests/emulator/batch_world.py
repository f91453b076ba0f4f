"""Small batches for the engine `vertex`, and what this machine says of the same records."""

import base64
import json
import sys
from pathlib import Path

import numpy as np
import onnx
from onnx import TensorProto, helper, numpy_helper

# The tiny models of the unit tests.
sys.path.append(str(Path(__file__).parents[1] / "unit"))

from graduate.components.batch_predict.inputs.open import open_source
from graduate.components.batch_predict.job import Job
from graduate.components.batch_predict.plan import Plan, digest_of
from graduate.components.batch_predict.results import Results, fields_of
from graduate.components.batch_predict.shard import lines_of
from graduate.components.batch_predict.vertex.settings import VertexBatchSettings
from graduate.components.prediction.predictor import Predictor, open_predictor
from graduate.components.prediction.reading import Reading

QUICKLY = 0.01
SETTINGS = VertexBatchSettings(project="demo", location="europe-west4", staging="gs://bucket/staging", labels="a=b")
PARENT = "projects/demo/locations/europe-west4"
_SHARD_SIZE = 4


def job(
    model: Path, given: Path | str, output: Path, predictor: Predictor | None = None, reading: Reading | None = None
) -> Job:
    """A batch with shards of four records."""
    reading = reading or Reading()
    predictor = predictor or open_predictor(model, reading)
    source = open_source(str(given), predictor)
    plan = Plan(digest_of(predictor, reading), source.digest, source.count, _SHARD_SIZE)
    results = Results(str(output), plan.shards, fields_of(predictor.task))
    return Job(
        input=str(given),
        model=str(model),
        local_model=str(model),
        reading=reading,
        predictor=predictor,
        source=source,
        plan=plan,
        results=results,
        finished=frozenset(),
    )


def predict_here(wanted: Job) -> dict[str, bytes]:
    """The files that this machine writes for a batch, by name."""
    assert wanted.predictor is not None
    for shard, chunk in wanted.chunks():
        wanted.results.write(shard, lines_of(wanted.predictor, chunk))
    return files(wanted)


def files(wanted: Job) -> dict[str, bytes]:
    """The result and error files of a batch, by name."""
    return {file.name: file.read_bytes() for file in sorted(Path(wanted.results.folder).iterdir())}


def lines(wanted: Job) -> dict[str, dict]:
    """The lines of a batch, results and errors, by key."""
    found = [line for shard in range(wanted.plan.shards) for line in wanted.results.read(shard)]
    assert len(found) == wanted.plan.inputs == len({line["key"] for line in found})
    return {line["key"]: line for line in found}


def classifier(file: Path) -> Path:
    """An ONNX file alone: how red, green and blue a picture is."""
    nodes = [
        helper.make_node("Cast", ["pixels"], ["numbers"], to=TensorProto.FLOAT),
        helper.make_node("ReduceMean", ["numbers", "axes"], ["colours"], keepdims=0),
        helper.make_node("Softmax", ["colours"], ["probabilities"]),
    ]
    given = helper.make_tensor_value_info("pixels", TensorProto.UINT8, ["N", "H", "W", 3])
    answered = helper.make_tensor_value_info("probabilities", TensorProto.FLOAT, ["N", 3])
    axes = numpy_helper.from_array(np.array([1, 2]), "axes")
    graph = helper.make_graph(nodes, "colours", [given], [answered], [axes])
    onnx.save(helper.make_model(graph, opset_imports=[helper.make_opsetid("", 18)], ir_version=9), file)
    return file


def image_requests(file: Path, images: list[Path]) -> Path:
    """JSON instances of all kinds, the first six of them bad."""
    good = base64.b64encode(images[0].read_bytes())
    instances = [
        "no JSON",
        json.dumps({"key": "none", "text": "no image"}),
        json.dumps({"key": "no base64", "b64": "%%%"}),
        json.dumps({"key": "cut short", "b64": good[: len(good) // 2].decode()}),
        json.dumps({"key": "absent", "content": str(file.parent / "absent.png")}),
        json.dumps({"key": "flat", "image_tensor": [[1, 2], [3, 4]]}),
        json.dumps({"key": "tensor", "image_tensor": [[[1, 2, 3], [250, 0, 9]]]}),
        *(json.dumps({"content": str(image), "mimeType": "image/png"}) for image in images),
    ]
    file.write_text("\n".join(instances) + "\n")
    return file
