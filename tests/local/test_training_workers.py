"""A training that two processes share, with the real strategy of TensorFlow."""

import contextlib
import json
import os
import signal
import socket
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest

PROGRAM = Path(__file__).with_name("training_worker.py")
SECONDS = 240

pytestmark = pytest.mark.slow


def start(arguments, ranks=(None,)):
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
        command = [sys.executable, str(PROGRAM), *map(str, arguments)]
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
    ((_, curve),) = of(ended(start([folder, folder / "weights", 12, 0])))
    return weights(folder / "weights-0.npz"), curve


def agrees(folder, curve, alone):
    """Whether the workers of a folder ended with the weights and curve of a training of one."""
    for rank in (0, 1):
        for one, other in zip(alone[0], weights(folder / f"weights-{rank}.npz"), strict=True):
            np.testing.assert_allclose(one, other, atol=1e-4)
    for one, other in zip(alone[1], curve, strict=True):
        assert one == pytest.approx(other, abs=1e-4)


def test_two_workers_learn_what_one_learns_from_the_same_batches(tmp_path, alone):
    (first, curve), second = of(ended(start([tmp_path / "place", tmp_path / "weights", 12, 0], ranks=(0, 1))))
    assert second == [first, curve]
    agrees(tmp_path, curve, alone)
    # The chief alone has written.
    assert len(list((tmp_path / "place").glob("*.npz"))) == 2
    assert len(list((tmp_path / "place" / "log").iterdir())) == 1


@pytest.mark.parametrize("number", [signal.SIGKILL, signal.SIGTERM])
def test_when_a_worker_dies_the_other_ends_and_both_go_on_together(tmp_path, alone, number):
    arguments = [tmp_path / "place", tmp_path / "weights", 12]
    chief, worker = start([*arguments, 1], ranks=(0, 1))
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
    (resumed_from, curve), _ = of(ended(start([*arguments, 0], ranks=(0, 1))))
    assert resumed_from >= 3
    agrees(tmp_path, curve, alone)
