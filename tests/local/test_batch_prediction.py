"""The batch prediction as a pipeline: each engine that this machine has takes its branch, to the same files."""

import json
from pathlib import Path

import pytest
from tiny_models import an_image, detector

from graduate.pipelines.cli import compile_pipeline
from graduate.pipelines.local_run import run
from graduate.pipelines.terminal import Terminal

RESULTS = "predictions/prediction.results-00000-of-00001"


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The compiled pipeline, a model, and a folder of two images and one that is broken."""
    folder = tmp_path_factory.mktemp("batch")
    compile_pipeline("batch_prediction", output=folder / "predict.yaml")
    detector(folder / "model")
    for place in range(2):
        an_image(folder / "images" / f"{place}.png", seed=place)
    (folder / "images" / "broken.png").write_bytes(b"no image")
    return folder


def predicted(world: Path, engine: str, step: str) -> bytes:
    """The result file of a run, whose other two branches were not taken."""
    settings = [f"model={world / 'model'}", f"input={world / 'images'}", f"engine={engine}"]
    record = run(world / "predict.yaml", world / "runs" / engine, settings, Terminal())
    skipped = {name for name, state in record.steps.items() if state.state == "skipped"}
    assert skipped == {"batch-predict", "batch-predict-on-beam", "batch-predict-on-vertex"} - {step}
    summary = json.loads((record.folder / "summary.json").read_text())["predictions"]
    assert (summary["results"], summary["errors"], summary["engine"]) == (2, 1, engine)
    return (record.folder / step / RESULTS).read_bytes()


def test_each_engine_is_a_branch_and_gives_the_same_bytes(world: Path):
    local = predicted(world, "local", "batch-predict")
    assert [json.loads(line)["key"] for line in local.splitlines()] == ["0.png", "1.png"]
    assert predicted(world, "beam", "batch-predict-on-beam") == local
