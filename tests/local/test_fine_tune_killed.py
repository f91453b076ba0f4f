"""Fine-tuning that is killed or preempted and started again, through the command as a user starts it."""

import contextlib
import json
import signal
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest
import tensorflow as tf
from PIL import Image, ImageDraw

from graduate.components.models.folder import ModelFolder

pytestmark = pytest.mark.slow

STEPS = 24
LEVERS = f"""
architecture: fpnlite_compact
image_size: 64
batch_size: 4
num_steps: {STEPS}
unfreeze_at_step: 8
freeze_batch_norm: false
ema_decay: 0.9
checkpoint_every: 3
evaluate_every: 6
"""
SECONDS = 240


@pytest.fixture(scope="module")
def dataset(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Squares on pages, imported."""
    folder, rng, lines = tmp_path_factory.mktemp("killed"), np.random.default_rng(0), []
    for number in range(16):
        x, y = (int(each) for each in rng.integers(0, 60, 2))
        page = Image.new("RGB", (96, 96), (200, 200, 200))
        ImageDraw.Draw(page).rectangle((x, y, x + 28, y + 28), (220, 30, 30))
        page.save(folder / f"{number}.png")
        split = "test" if number >= 14 else "validation" if number >= 12 else "training"
        box = {"displayName": "square", "xMin": x / 96, "yMin": y / 96, "xMax": (x + 29) / 96, "yMax": (y + 29) / 96}
        lines.append(
            json.dumps(
                {
                    "imageGcsUri": f"{number}.png",
                    "boundingBoxAnnotations": [box],
                    "dataItemResourceLabels": {"aiplatform.googleapis.com/ml_use": split},
                }
            )
        )
    (folder / "import.jsonl").write_text("\n".join(lines))
    (folder / "levers.yaml").write_text(LEVERS)
    graduate("import-dataset", folder / "import.jsonl", "--task", "object_detection", "--output", folder / "data")
    return folder


def graduate(component: str, *arguments: object) -> None:
    subprocess.run(command(component, *arguments), check=True, capture_output=True, timeout=SECONDS)


def command(component: str, *arguments: object) -> list[str]:
    return [sys.executable, "-m", "graduate.pipelines.cli", "component", component, *map(str, arguments)]


def training(folder: Path, name: str) -> list[str]:
    model, page, place = folder / name, folder / f"{name}.html", folder / f"{name}.place"
    levers = ("--config", folder / "levers.yaml", "--checkpoint-dir", place)
    return command("fine-tune", folder / "data", model, page, *levers)


def variables(model: Path) -> dict[str, np.ndarray]:
    """All values of the SavedModel by their keys."""
    reader = tf.train.load_checkpoint(str(model / "saved_model" / "variables" / "variables"))
    keys = [key for key in reader.get_variable_to_shape_map() if key.endswith("VARIABLE_VALUE")]
    return {key: reader.get_tensor(key) for key in keys}


def end_when_it_has_saved(folder: Path, name: str, at_least: int, how: signal.Signals) -> int:
    """Starts a training and ends it when so many checkpoints were written; its exit code."""
    process = subprocess.Popen(training(folder, name), stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    seen: set[tuple[str, int]] = set()
    deadline = time.monotonic() + SECONDS
    while len(seen) < at_least and process.poll() is None and time.monotonic() < deadline:
        with contextlib.suppress(FileNotFoundError):  # replaced in this moment
            seen |= {(file.name, file.stat().st_mtime_ns) for file in (folder / f"{name}.place").glob("*.npz")}
        time.sleep(0.01)
    process.send_signal(how)
    return process.wait(SECONDS)


def test_a_training_that_is_killed_three_times_ends_with_the_same_bits(dataset: Path):
    subprocess.run(training(dataset, "straight"), check=True, capture_output=True, timeout=SECONDS)
    # In the heads' stage, after the change of stages, and late.
    for checkpoints in (1, 2, 3):
        assert end_when_it_has_saved(dataset, "killed", checkpoints, signal.SIGKILL) == -signal.SIGKILL
    last = subprocess.run(training(dataset, "killed"), check=True, capture_output=True, text=True, timeout=SECONDS)
    assert "Training goes on after step" in last.stdout
    ours, theirs = variables(dataset / "killed"), variables(dataset / "straight")
    assert ours.keys() == theirs.keys() != set()
    assert all(np.array_equal(ours[key], theirs[key]) for key in ours)
    straight, killed = (ModelFolder.open(dataset / name) for name in ("straight", "killed"))
    assert straight.predictions("test").read_bytes() == killed.predictions("test").read_bytes()
    assert straight.metrics == killed.metrics


def test_a_training_that_is_preempted_saves_first(dataset: Path):
    assert end_when_it_has_saved(dataset, "preempted", 1, signal.SIGTERM) == 128 + signal.SIGTERM
    saved = sorted((dataset / "preempted.place").glob("*.npz"))
    assert saved
    again = subprocess.run(training(dataset, "preempted"), check=True, capture_output=True, text=True, timeout=SECONDS)
    resumed_from = ModelFolder.open(dataset / "preempted").parameters["resumed_from"]
    assert f"Training goes on after step {resumed_from}" in again.stdout
    assert 0 < resumed_from <= STEPS
