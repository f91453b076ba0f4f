"""Batch prediction with real worker processes and onnxruntime: every item once, whatever happens."""

import json
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
from PIL import Image
from tiny_models import an_image, an_item, detector, image_dataset, people_dataset, regressor

from graduate.components.batch_predict.plan import plan_of
from graduate.components.batch_predict.predict import predict
from graduate.components.data.dataset import Dataset
from graduate.components.data.items import Box, Reject
from graduate.components.errors import InputError
from graduate.components.models.folder import ModelFolder

ITEMS = 100
CHANGED, GONE, BLACK = "item 5", "item 40", "item 77"


def lines(folder: Path, kind: str) -> list[dict]:
    return [
        json.loads(line)
        for file in sorted(folder.glob(f"prediction.{kind}-*"))
        for line in file.read_text().splitlines()
    ]


def contents(folder: Path) -> dict[str, bytes]:
    return {file.name: file.read_bytes() for file in folder.glob("prediction.*")}


@pytest.fixture(scope="module")
def images(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """100 pictures of three sizes in three splits; after the import one changes and one goes, one is black."""
    folder = tmp_path_factory.mktemp("images")
    files = [an_image(folder / f"{n}.png", 30 + 10 * (n % 3), 30, seed=n) for n in range(ITEMS)]
    Image.new("RGB", (30, 30)).save(files[77])
    boxes = [Box("cat", 0.1, 0.1, 0.5, 0.5)]
    items = [an_item(file, f"item {n}", boxes) for n, file in enumerate(files)]
    files[5].write_bytes(files[6].read_bytes()[:200])
    files[40].unlink()
    splits = {"train": items[:50], "validation": items[50:60], "test": items[60:]}
    rejects = [Reject("import.jsonl:101", "x.jpg", "undecodable_image", "cut short <b>", "train")]
    return image_dataset(folder / "dataset", splits, rejects=rejects)


@pytest.fixture(scope="module")
def model(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return detector(tmp_path_factory.mktemp("models") / "detector").path


@pytest.fixture(scope="module")
def clean_run(images: Path, model: Path, tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, dict]:
    output = tmp_path_factory.mktemp("runs") / "clean"
    return output, predict(model=str(model), input=str(images), output=str(output), workers=1)


def test_every_item_is_a_result_or_an_error_once_and_in_order(clean_run: tuple[Path, dict]):
    output, _ = clean_run
    bad = {CHANGED, GONE, BLACK}
    names = [f"item {n}" for n in range(ITEMS)]
    assert [line["id"] for line in lines(output, "results")] == [name for name in names if name not in bad]
    assert [line["id"] for line in lines(output, "errors")] == [name for name in names if name in bad]


def test_an_error_line_says_what_happened_to_which_file(clean_run: tuple[Path, dict]):
    errors = {line["id"]: line for line in lines(clean_run[0], "errors")}
    assert errors[CHANGED]["error"]["code"] == 3
    assert "has changed since it was imported" in errors[CHANGED]["error"]["message"]
    assert errors[GONE]["instance"]["content"].endswith("40.png")
    assert "cannot be read" in errors[GONE]["error"]["message"]
    assert errors[BLACK]["error"] == {"code": 13, "message": "the model answered a number that is not finite"}


def test_a_result_line_has_the_shape_of_vertex(clean_run: tuple[Path, dict], images: Path):
    line = lines(clean_run[0], "results")[0]
    assert line["instance"] == {"content": str(images.parent / "0.png"), "mimeType": "image/png"}
    assert line["prediction"]["displayNames"] == ["cat", "dog"]
    assert line["prediction"]["bboxes"][0] == pytest.approx([0.0, 0.4, 0.0, 1.0])


def test_the_summary_counts_results_errors_and_rejects(clean_run: tuple[Path, dict]):
    output, summary = clean_run
    assert json.loads((output / "summary.json").read_text()) == summary
    counts = {key: summary[key] for key in ("inputs", "results", "errors", "rejects", "predicted_in_this_run")}
    assert counts == {"inputs": 100, "results": 97, "errors": 3, "rejects": 1, "predicted_in_this_run": 100}
    assert summary["images_per_second"] > 0


def test_the_page_shows_a_sample_and_what_went_wrong_escaped(clean_run: tuple[Path, dict]):
    page = (clean_run[0] / "page.html").read_text()
    assert page.count("<figure>") > 5
    assert "item 77" in page
    assert "cut short &lt;b&gt;" in page
    assert "<script" not in page


def test_the_files_are_the_same_whatever_the_number_of_workers(
    clean_run: tuple[Path, dict], images: Path, model: Path, tmp_path: Path
):
    predict(model=str(model), input=str(images), output=str(tmp_path / "three"), workers=3)
    assert contents(tmp_path / "three") == contents(clean_run[0])


def test_a_finished_folder_is_not_predicted_again(
    clean_run: tuple[Path, dict], images: Path, model: Path, capfd: pytest.CaptureFixture[str]
):
    before = {file.name: file.stat().st_mtime_ns for file in clean_run[0].glob("prediction.*")}
    summary = predict(model=str(model), input=str(images), output=str(clean_run[0]))
    assert summary["predicted_in_this_run"] == 0
    assert summary["results"] == 97
    assert {file.name: file.stat().st_mtime_ns for file in clean_run[0].glob("prediction.*")} == before


def test_killed_half_way_and_started_again_it_ends_with_the_same_bytes_and_leaves_no_worker(
    model: Path, tmp_path: Path
):
    files = [an_image(tmp_path / f"{n}.png", 400, 300, seed=n) for n in range(4)]
    items = [an_item(files[n % 4], f"item {n}") for n in range(192)]
    dataset = image_dataset(tmp_path / "dataset", {"test": items})
    plan = plan_of(ModelFolder.open(model), Dataset.open(dataset))
    killed, whole = tmp_path / "killed", tmp_path / "whole"
    arguments = {"model": str(model), "input": str(dataset), "output": str(killed), "workers": 2}
    code = f"from graduate.components.batch_predict.predict import predict\npredict(**{arguments!r})"
    run = subprocess.Popen([sys.executable, "-c", code], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    wait_until(lambda: list(killed.glob("prediction.results-*")))
    workers = children(run.pid)
    run.send_signal(signal.SIGKILL)
    run.wait()
    wait_until(lambda: not any(is_alive(worker) for worker in workers))
    finished = len(list(killed.glob("prediction.results-*")))
    assert len(workers) >= 2
    assert 0 < finished < plan.shards == 6

    summary = predict(model=str(model), input=str(dataset), output=str(killed), workers=1)
    predict(model=str(model), input=str(dataset), output=str(whole), workers=2)
    assert summary["predicted_in_this_run"] == 32 * (6 - finished)
    assert contents(killed) == contents(whole)
    assert not list(killed.glob(".prediction*"))


def test_a_folder_with_results_of_other_inputs_is_refused(
    clean_run: tuple[Path, dict], images: Path, model: Path, tmp_path: Path
):
    other = image_dataset(tmp_path / "other", {"test": [next(Dataset.open(images).items("test"))]})
    with pytest.raises(InputError, match="other inputs or of another model"):
        predict(model=str(model), input=str(other), output=str(clean_run[0]))


def test_lines_missing_from_a_shard_fail_loudly(
    clean_run: tuple[Path, dict], images: Path, model: Path, tmp_path: Path
):
    damaged = tmp_path / "damaged"
    damaged.mkdir()
    for file in clean_run[0].iterdir():
        (damaged / file.name).write_bytes(file.read_bytes())
    shard = damaged / "prediction.results-00001-of-00004"
    shard.write_text("".join(shard.read_text().splitlines(keepends=True)[1:]))
    with pytest.raises(RuntimeError, match=r"00001-of-00004 .* hold 31 lines for 32 inputs"):
        predict(model=str(model), input=str(images), output=str(damaged))


def test_when_no_item_can_be_predicted_the_run_fails_with_the_first_error(model: Path, tmp_path: Path):
    Image.new("RGB", (30, 30)).save(tmp_path / "black.png")
    dataset = image_dataset(tmp_path / "dataset", {"test": [an_item(tmp_path / "black.png", "black")]})
    with pytest.raises(InputError, match=r"none of the 1 items could be predicted; .* not finite"):
        predict(model=str(model), input=str(dataset), output=str(tmp_path / "out"))


def test_table_rows_are_predicted_over_splits_of_any_size(tmp_path: Path):
    ages = {"train": [float(n) for n in range(10_500)], "validation": [1.0], "test": [None, 2.0]}
    dataset, model = people_dataset(tmp_path / "dataset", ages), regressor(tmp_path / "model")
    summary = predict(model=str(model.path), input=str(dataset), output=str(tmp_path / "out"))
    results, errors = lines(tmp_path / "out", "results"), lines(tmp_path / "out", "errors")
    assert (summary["shards"], summary["results"], summary["errors"]) == (2, 10_502, 1)
    assert results[-1] == {"id": "test.csv:3", "instance": {"age": 2.0, "city": "Oslo"}, "prediction": {"value": 5.0}}
    assert [line["prediction"]["value"] for line in results[:3]] == [1.0, 3.0, 5.0]
    assert errors[0]["id"] == "test.csv:2"
    assert errors[0]["instance"]["age"] is None


def test_a_model_of_tables_is_refused_for_images(images: Path, tmp_path: Path):
    model = regressor(tmp_path / "model")
    with pytest.raises(InputError, match="is a model for tabular_regression, but the data set is for object_detection"):
        predict(model=str(model.path), input=str(images), output=str(tmp_path / "out"))


def children(process: int) -> list[int]:
    """Process ids of the direct children (Linux)."""
    return [int(pid) for pid in Path(f"/proc/{process}/task/{process}/children").read_text().split()]


def is_alive(process: int) -> bool:
    try:
        state = Path(f"/proc/{process}/stat").read_text().rpartition(")")[2].split()[0]
    except (FileNotFoundError, ProcessLookupError):
        return False
    return state != "Z"


def wait_until(condition, seconds: float = 30.0) -> None:
    end = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < end, "waited in vain"
        time.sleep(0.005)
