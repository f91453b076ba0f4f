"""Batch prediction that is killed at random moments: every record once, and the same bytes.

    python -m benchmarks.batch_killed --runs 8 --kills 5

A run is killed so often, the first process or one of its workers, by SIGKILL; when the first process is gone it is
started again. Once into a folder of this machine, once into a Cloud Storage server of this machine that keeps
generation preconditions and meets a share of the requests with a 503 or a dropped connection.
"""

import argparse
import os
import random
import subprocess
import sys
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import onnx
import orjson
import psutil
from onnx import TensorProto, helper, numpy_helper
from PIL import Image

from graduate.components.batch_predict.predict import predict
from graduate.components.data import storage
from tests.storage_server import serving

_BAD = {"cut short": lambda data: data[:-200], "empty": lambda _: b"", "text": lambda _: b"no image"}
_DIFFERENT = 16  # pictures; more are the same ones under other names
_CODE = "from graduate.components.batch_predict.predict import predict; predict({!r}, {!r}, {!r}, workers={})"


@dataclass(frozen=True)
class Batch:
    """What is predicted.

    Attributes:
        model: ONNX file.
        input: folder of pictures.
        good, bad: keys of the pictures that can be predicted and of the others.
    """

    model: Path
    input: Path
    good: frozenset[str]
    bad: frozenset[str]


def main() -> None:
    """Kills, checks, and prints what happened."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--runs", type=int, default=8)
    parser.add_argument("--kills", type=int, default=5, help="of each run")
    parser.add_argument("--images", type=int, default=2000)
    parser.add_argument("--workers", type=int, default=2)
    parser.add_argument("--faults", type=float, default=0.05, help="share of the requests to the storage server")
    parser.add_argument("--seed", type=int, default=0)
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as scratch, serving(options.faults, options.seed, "bucket") as server:
        os.environ["STORAGE_EMULATOR_HOST"] = server.address  # of the runs too
        batch = a_batch(Path(scratch), options.images)
        expected = undisturbed(batch, Path(scratch) / "whole")
        rng = random.Random(options.seed)
        for place in (scratch, "gs://bucket"):
            for run in range(options.runs):
                output, started = f"{place}/run-{run}", time.monotonic()
                killed = killed_run(batch, output, options.kills, options.workers, rng)
                check(batch, output, expected)
                seconds = time.monotonic() - started
                print(
                    f"{output.removeprefix(scratch)}: killed {', '.join(killed)}; right after {seconds:.0f} s",
                    flush=True,
                )
        print(f"{options.images:,} pictures, {len(batch.bad)} of them bad; faults of the server: {dict(server.faults)}")


def a_batch(folder: Path, images: int) -> Batch:
    """A folder of pictures, some of them bad, and a model that takes a few milliseconds for each."""
    rng = np.random.default_rng(0)
    (folder / "images").mkdir(parents=True)
    names = [f"{number:05d}.jpg" for number in range(images)]
    bad = dict(zip(rng.choice(names, len(_BAD), replace=False).tolist(), _BAD.values(), strict=True))
    for place, name in enumerate(names):
        file, first = folder / "images" / name, folder / f"{place % _DIFFERENT}.jpg"
        if place < _DIFFERENT:
            Image.fromarray(rng.integers(0, 256, (300, 400, 3), dtype=np.uint8)).save(first)
        if name in bad:
            file.write_bytes(bad[name](first.read_bytes()))
        else:
            file.hardlink_to(first)
    return Batch(_model(folder / "model.onnx"), folder / "images", frozenset(names) - frozenset(bad), frozenset(bad))


def undisturbed(batch: Batch, output: Path) -> dict[str, bytes]:
    """The result and error files of a run that nobody kills."""
    predict(str(batch.model), str(batch.input), str(output), workers=1)
    return contents(str(output))


def killed_run(
    batch: Batch, output: str, kills: int, workers: int, rng: random.Random, seconds: float = 1.5
) -> list[str]:
    """Predicts, and kills one of the processes so often.

    Args:
        batch: what is predicted.
        output: folder, or gs:// URI of one.
        kills: how often.
        workers: processes of a run.
        rng: chooses the moments and the victims.
        seconds: the most that pass from the first process's start, or from a kill, to the next.

    Returns:
        Who was killed. Fewer than `kills` where the work was done before.
    """
    killed: list[str] = []
    run = _start(batch, output, workers)
    while len(killed) < kills and run.poll() is None:
        time.sleep(rng.uniform(0, seconds))
        victims = [("the first process", run), *(("a worker", worker) for worker in workers_of(run.pid))]
        who, victim = rng.choice(victims)
        victim.kill()
        killed.append(who)
        if victim is run:
            run.wait()
            run = _start(batch, output, workers)
    if code := run.wait():
        raise RuntimeError(f"the run ended with exit code {code}: {run.stderr.read().decode() if run.stderr else ''}")
    return killed


def workers_of(process: int) -> list[psutil.Process]:
    """The worker processes of a run; none while they come and go."""
    try:
        children = psutil.Process(process).children()
        return [child for child in children if "loky.backend.popen_loky_posix" in child.cmdline()]
    except psutil.Error:
        return []


def check(batch: Batch, output: str, expected: dict[str, bytes]) -> None:
    """Holds results against those of a run that nobody killed.

    Raises:
        AssertionError: they are others.
    """
    found = contents(output)
    lines = [(name, orjson.loads(line)["key"]) for name in sorted(found) for line in found[name].splitlines()]
    keys = {kind: [key for name, key in lines if f".{kind}-" in name] for kind in ("results", "errors")}
    assert keys["results"] == sorted(batch.good), "a record is missing, or there twice"
    assert keys["errors"] == sorted(batch.bad), "errors are not those of the bad records"
    assert found == expected, "files are not the same bytes"


def contents(output: str) -> dict[str, bytes]:
    """The result and error files of a folder, by name."""
    files = storage.list_files(output)
    return {
        name: storage.read_bytes(file) for file in files if (name := storage.file_name(file)).startswith("prediction.")
    }


def _start(batch: Batch, output: str, workers: int) -> subprocess.Popen[bytes]:
    code = _CODE.format(str(batch.model), str(batch.input), output, workers)
    return subprocess.Popen([sys.executable, "-c", code], stdout=subprocess.DEVNULL, stderr=subprocess.PIPE)


def _model(file: Path) -> Path:
    """Probabilities of two classes, from the mean of the pixels after some convolutions that take their time."""
    rng = np.random.default_rng(0)
    weights = {
        "first": rng.normal(0, 0.1, (8, 3, 5, 5)),
        "second": rng.normal(0, 0.1, (8, 8, 5, 5)),
        "last": rng.normal(0, 0.1, (8, 2)),
    }
    nodes = [
        helper.make_node("Cast", ["images"], ["numbers"], to=TensorProto.FLOAT),
        helper.make_node("Transpose", ["numbers"], ["planes"], perm=[0, 3, 1, 2]),
        helper.make_node("Conv", ["planes", "first"], ["found"], strides=[2, 2]),
        helper.make_node("Conv", ["found", "second"], ["features"], strides=[2, 2]),
        helper.make_node("GlobalAveragePool", ["features"], ["pooled"]),
        helper.make_node("Flatten", ["pooled"], ["flat"]),
        helper.make_node("MatMul", ["flat", "last"], ["logits"]),
        helper.make_node("Softmax", ["logits"], ["probabilities"]),
    ]
    images = helper.make_tensor_value_info("images", TensorProto.UINT8, ["N", "H", "W", 3])
    answer = helper.make_tensor_value_info("probabilities", TensorProto.FLOAT, ["N", 2])
    constants = [numpy_helper.from_array(values.astype(np.float32), name) for name, values in weights.items()]
    graph = helper.make_graph(nodes, "probabilities", [images], [answer], constants)
    onnx.save(helper.make_model(graph, opset_imports=[helper.make_opsetid("", 19)], ir_version=9), file)
    return file


if __name__ == "__main__":
    main()
