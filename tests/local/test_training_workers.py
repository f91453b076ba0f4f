"""A training that two processes share, with the real strategy of TensorFlow."""

import contextlib
import hashlib
import json
import os
import signal
import socket
import subprocess
import sys
import time
from pathlib import Path

import keras
import numpy as np
import pytest
from PIL import Image, ImageDraw

from graduate.components.data.dataset import DatasetWriter
from graduate.components.data.items import Box, Item, Task
from graduate.components.models.architectures import compact_backbone
from graduate.components.models.image_input import scaled
from graduate.components.models.training import settle_norms

PROGRAM = Path(__file__).with_name("training_worker.py")
DETECTOR_PROGRAM = Path(__file__).with_name("detector_worker.py")
# Not an adaptive optimiser: those enlarge the rounding of gradients near 0, see docs/fine-tuning.md.
FINE_TUNING = {
    "architecture": "fpnlite_compact",
    "image_size": 64,
    "batch_size": 4,
    "num_steps": 8,
    "checkpoint_every": 4,
    "optimizer": "sgd",
    "learning_rate": 0.01,
}
SECONDS = 240

pytestmark = pytest.mark.slow


def start(arguments, ranks=(None,), program=PROGRAM):
    """Starts a process for each rank; `None` is a training of one."""
    with contextlib.ExitStack() as stack:
        sockets = [stack.enter_context(socket.socket()) for _ in ranks]
        for each in sockets:
            each.bind(("127.0.0.1", 0))
        workers = [f"127.0.0.1:{each.getsockname()[1]}" for each in sockets]
    processes = []
    for rank in ranks:
        task = {"cluster": {"worker": workers}, "task": {"type": "worker", "index": rank}}
        environment = os.environ | ({} if rank is None else {"TF_CONFIG": json.dumps(task)})
        command = [sys.executable, str(program), *map(str, arguments)]
        processes.append(
            subprocess.Popen(command, env=environment, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
        )
    return processes


def ended(processes):
    """What they printed, their errors, and their exit codes."""
    try:
        return [(*process.communicate(timeout=SECONDS), process.returncode) for process in processes]
    finally:
        for process in processes:
            process.kill()


def weights(file):
    with np.load(file) as arrays:
        return list(arrays.values())


def of(results):
    """The resumed step and the curve that each printed."""
    assert [code for *_, code in results] == [0] * len(results), results[0][1][-2000:]
    return [json.loads(out.splitlines()[-1]) for out, *_ in results]


@pytest.fixture(scope="module")
def alone(tmp_path_factory):
    """Weights and curve of a training of one."""
    folder = tmp_path_factory.mktemp("alone")
    ((_, curve),) = of(ended(start([folder, folder / "weights", 12, 0, 0])))
    return weights(folder / "weights-0.npz"), curve


def agrees(folder, curve, alone):
    """Whether the workers of a folder ended with the weights and curve of a training of one."""
    for rank in (0, 1):
        for one, other in zip(alone[0], weights(folder / f"weights-{rank}.npz"), strict=True):
            np.testing.assert_allclose(one, other, atol=1e-4)
    for one, other in zip(alone[1], curve, strict=True):
        assert one == pytest.approx(other, abs=1e-4)


def test_two_workers_learn_what_one_learns_from_the_same_batches(tmp_path, alone):
    (first, curve), second = of(ended(start([tmp_path / "place", tmp_path / "weights", 12, 0, 0], ranks=(0, 1))))
    assert second == [first, curve]
    agrees(tmp_path, curve, alone)
    # The chief alone has written.
    assert len(list((tmp_path / "place").glob("*.npz"))) == 2
    assert len(list((tmp_path / "place" / "log").iterdir())) == 1


def test_the_first_batch_of_a_worker_may_take_longer_than_others_wait_later(tmp_path, alone):
    # In `training_worker.py` they wait 5 seconds.
    (_, curve), _ = of(ended(start(["", tmp_path / "weights", 12, 0, 10], ranks=(0, 1))))
    agrees(tmp_path, curve, alone)


@pytest.mark.parametrize("number", [signal.SIGKILL, signal.SIGTERM])
def test_when_a_worker_dies_the_other_ends_and_both_go_on_together(tmp_path, alone, number):
    arguments = [tmp_path / "place", tmp_path / "weights", 12]
    chief, worker = start([*arguments, 1, 0], ranks=(0, 1))
    deadline = time.monotonic() + SECONDS
    while not list((tmp_path / "place").glob("*.npz")) and time.monotonic() < deadline:
        time.sleep(0.1)
    worker.send_signal(number)
    (out, errors, code), (*_, worker_code) = ended([chief, worker])
    if number == signal.SIGKILL:
        assert code == 1
        assert "another worker of this training has ended" in errors
    else:
        assert (code, worker_code) == (143, 143)
        assert "SIGTERM: training ends after step" in out
    (resumed_from, curve), _ = of(ended(start([*arguments, 0, 0], ranks=(0, 1))))
    assert resumed_from >= 3
    agrees(tmp_path, curve, alone)


@pytest.fixture
def squares(tmp_path):
    """A data set of red squares on noise, and weights of a backbone whose norms fit such images."""
    rng, pages = np.random.default_rng(0), []
    with DatasetWriter(tmp_path / "data", Task.OBJECT_DETECTION, "a test") as writer:
        for number in range(14):
            page = Image.fromarray(rng.integers(0, 255, (64, 64, 3), np.uint8))
            x, y = (int(each) for each in rng.integers(0, 30, 2))
            ImageDraw.Draw(page).rectangle((x, y, x + 28, y + 28), (220, 30, 30))
            file = tmp_path / f"{number}.png"
            page.save(file)
            pages.append(np.asarray(page))
            digest, box = (
                hashlib.sha256(file.read_bytes()).hexdigest(),
                Box("square", *np.divide([x, y, x + 29, y + 29], 64)),
            )
            item = Item(file.name, str(file), "import.jsonl:1", digest, "", 64, 64, "", boxes=[box])
            writer.add(item, "train" if number < 12 else "test")
    keras.utils.set_random_seed(1)
    backbone = compact_backbone()
    settle_norms(backbone, [scaled(np.stack(pages))])
    backbone.save_weights(tmp_path / "compact.weights.h5")
    return tmp_path / "data", tmp_path / "compact.weights.h5"


@pytest.mark.parametrize(
    "levers",
    [{"unfreeze_at_step": 3, "freeze_batch_norm": True}, {"unfreeze_at_step": 0, "freeze_batch_norm": False}],
    ids=["norms of the backbone frozen", "everything learned"],
)
def test_two_workers_fine_tune_a_detector_as_one_does(tmp_path, squares, levers):
    data, checkpoint = squares
    given = json.dumps({**FINE_TUNING, "fine_tune_checkpoint": str(checkpoint), **levers})
    for name, ranks in (("one", (None,)), ("two", (0, 1))):
        results = ended(start([data, tmp_path / name, given], ranks, DETECTOR_PROGRAM))
        assert [code for *_, code in results] == [0] * len(ranks), results[0][1][-2000:]
    (before, one), (_, two) = detectors(tmp_path / "one"), detectors(tmp_path / "two")
    assert largest_difference(kernels(before), kernels(one)) > 5e-4
    assert largest_difference(one, two) < 1e-4


def detectors(folder):
    """The variables of the detector in the two checkpoints of a training, the older one first."""
    files = sorted((folder / "place").glob("*.npz"), key=lambda file: file.stat().st_mtime_ns)
    loaded = [np.load(file) for file in files]
    return [[arrays[name] for name in arrays.files if name.startswith("network/")] for arrays in loaded]


def kernels(weights):
    return [each for each in weights if each.ndim == 4]


def largest_difference(weights, others):
    return max(np.abs(one - other).max() for one, other in zip(weights, others, strict=True))
