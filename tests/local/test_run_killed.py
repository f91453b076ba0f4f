"""Runs that are killed, stopped or started twice. These start the command as a user does."""

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest


@pytest.fixture
def waiting(toy_file: Path, source: Path) -> Iterator[subprocess.Popen[str]]:
    """A run that stands in the middle of training."""
    Path(f"{source}.wait").touch()
    process = start(toy_file, source)
    try:
        until(lambda: Path(f"{source}.attempts").exists() and bool(task_of(source)))
        yield process
    finally:
        process.kill()
        process.communicate()


def start(toy_file: Path, source: Path) -> subprocess.Popen[str]:
    command = [sys.executable, "-m", "graduate.pipelines.cli", "run", str(toy_file), "--run-dir", str(run_dir(source))]
    command += ["--set", f"source={source}"]
    # A shell in the background has its children ignore Ctrl-C, and the tests may run in one.
    return subprocess.Popen(
        command,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        preexec_fn=lambda: signal.signal(signal.SIGINT, signal.SIG_DFL),
    )


def run_dir(source: Path) -> Path:
    return source.parent / "runs" / "first"


def task_of(source: Path) -> int:
    return int(Path(f"{source}.attempts").read_text().split()[-1])


def is_alive(process: int) -> bool:
    status = Path(f"/proc/{process}/stat")
    return status.exists() and status.read_text().rpartition(")")[2].split()[0] != "Z"


def until(true: Callable[[], bool], seconds: float = 60) -> None:
    deadline = time.monotonic() + seconds
    while not true():
        assert time.monotonic() < deadline
        time.sleep(0.02)


def steps(source: Path) -> dict[str, str]:
    record = json.loads((run_dir(source) / "run.json").read_text())
    return {name: step["state"] for name, step in record["steps"].items()}


def test_killing_the_run_kills_its_task(waiting: subprocess.Popen[str], source: Path) -> None:
    assert is_alive(task_of(source))
    waiting.kill()
    until(lambda: not is_alive(task_of(source)))


def test_a_killed_run_goes_on_without_repeating_finished_steps(
    waiting: subprocess.Popen[str], toy_file: Path, source: Path
) -> None:
    waiting.kill()
    Path(f"{source}.wait").unlink()
    told, complaint = start(toy_file, source).communicate(timeout=60)
    assert complaint == ""
    assert "Read the data not repeated" in told
    assert steps(source) | {"convert-2": "skipped"} == {
        "read-data": "reused",
        "choose": "reused",
        "train": "succeeded",
        "convert": "succeeded",
        "convert-2": "skipped",
        "report-status": "succeeded",
    }


def test_a_folder_in_use_is_refused_and_its_user_named(
    waiting: subprocess.Popen[str], toy_file: Path, source: Path
) -> None:
    second = start(toy_file, source)
    _, complaint = second.communicate(timeout=60)
    assert second.returncode == 65
    assert f"is in use by process {waiting.pid}" in complaint
    assert steps(source)["train"] == "running"


@pytest.mark.parametrize("sent", [signal.SIGINT, signal.SIGTERM])
def test_a_stopped_run_ends_its_task_and_says_that_it_was_interrupted(
    sent: signal.Signals, waiting: subprocess.Popen[str], source: Path
) -> None:
    os.kill(waiting.pid, sent)
    assert waiting.wait(timeout=60) == 130
    assert not is_alive(task_of(source))
    assert steps(source)["train"] == "interrupted"
    assert json.loads((run_dir(source) / "summary.json").read_text())["state"] == "failed"
