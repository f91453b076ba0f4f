"""Memory and time of batch prediction from few pictures to many.

    python -m benchmarks.batch_scale --images 1000 10000 100000

Small pictures and a small model, somebody else's ONNX file: what is seen is the work around a model.
"""

import argparse
import sys
import tempfile
from pathlib import Path

import numpy as np
import onnx
from onnx import TensorProto, helper, numpy_helper
from PIL import Image

from benchmarks.watched_process import watch

_DIFFERENT = 100  # pictures; more are the same ones under other names
_LABELS = 10


def main() -> None:
    """Predicts folders of growing size, and prints the table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--images", type=int, nargs="+", default=[1_000, 10_000, 100_000])
    parser.add_argument("--workers", type=int, default=2)
    options = parser.parse_args()
    print("| pictures | seconds | pictures per second | first process, MiB | a process at most, MiB |")
    print("| --- " * 5 + "|", flush=True)
    with tempfile.TemporaryDirectory() as scratch:
        model = _model(Path(scratch) / "mean.onnx")
        for count in options.images:
            pictures, output = _pictures(Path(scratch) / str(count), count), Path(scratch) / f"output-{count}"
            arguments = {"model": model, "input": pictures, "output": output, "workers": options.workers}
            flags = [part for name, value in arguments.items() for part in (f"--{name}", str(value))]
            run = watch([sys.executable, "-m", "graduate.pipelines.cli", "component", "batch_predict", *flags])
            cells = (f"{run.wall:.1f}", f"{count / run.wall:,.0f}", f"{run.started_mib:.0f}", f"{run.peak_mib:.0f}")
            print(f"| {count:,} | {' | '.join(cells)} |", flush=True)


def _pictures(folder: Path, count: int) -> Path:
    """A folder of JPEG files of 100 x 75 pixels."""
    rng = np.random.default_rng(0)
    folder.mkdir()
    for place in range(count):
        file = folder / f"{place:07d}.jpg"
        if place < _DIFFERENT:
            Image.fromarray(rng.integers(0, 256, (75, 100, 3), dtype=np.uint8)).save(file)
        else:
            file.hardlink_to(folder / f"{place % _DIFFERENT:07d}.jpg")
    return folder


def _model(file: Path) -> Path:
    """Probabilities from the mean of each channel."""
    image = helper.make_tensor_value_info("images", TensorProto.UINT8, ["N", "H", "W", 3])
    answer = helper.make_tensor_value_info("probabilities", TensorProto.FLOAT, ["N", _LABELS])
    weights = np.random.default_rng(0).normal(0, 0.01, (3, _LABELS)).astype(np.float32)
    nodes = [
        helper.make_node("Cast", ["images"], ["pixels"], to=TensorProto.FLOAT),
        helper.make_node("ReduceMean", ["pixels", "axes"], ["means"], keepdims=0),
        helper.make_node("MatMul", ["means", "weights"], ["logits"]),
        helper.make_node("Softmax", ["logits"], ["probabilities"], axis=-1),
    ]
    constants = [numpy_helper.from_array(weights, "weights"), numpy_helper.from_array(np.array([1, 2]), "axes")]
    graph = helper.make_graph(nodes, "mean", [image], [answer], constants)
    onnx.save(helper.make_model(graph, opset_imports=[helper.make_opsetid("", 18)], ir_version=9), file)
    return file


if __name__ == "__main__":
    main()
