"""Batch prediction with real worker processes and onnxruntime: every item once, whatever happens."""

import base64
import fcntl
import json
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from PIL import Image
from tiny_models import an_image, an_item, detector, image_dataset, people_dataset, regressor

from graduate.components.batch_predict.predict import predict
from graduate.components.data import storage
from graduate.components.data.dataset import Dataset
from graduate.components.data.items import Box, Reject
from graduate.components.errors import InputError

ITEMS = 100
FIRST = "prediction.results-00000-of-00004.parquet"
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
    assert [line["key"] for line in lines(output, "results")] == [name for name in names if name not in bad]
    assert [line["key"] for line in lines(output, "errors")] == [name for name in names if name in bad]


def test_an_error_line_says_what_happened_to_which_file(clean_run: tuple[Path, dict]):
    errors = {line["key"]: line for line in lines(clean_run[0], "errors")}
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
    assert summary["state"] == "PARTIALLY_SUCCEEDED"
    assert "cost" not in summary


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


# Predicts until the first shard is collected, says which processes it has started, and kills itself.
KILLED = """
import os, signal
from graduate.components.batch_predict.predict import predict
from graduate.components.data.progress import Progress

def advance(*arguments, **named):
    print(open(f"/proc/self/task/{{os.getpid()}}/children").read(), flush=True)
    os.kill(os.getpid(), signal.SIGKILL)

Progress.advance = advance
predict(**{!r})
"""


def test_killed_half_way_and_started_again_it_ends_with_the_same_bytes_and_leaves_no_worker(
    model: Path, tmp_path: Path
):
    for number in range(192):
        an_image(tmp_path / "images" / f"{number:03d}.png", 40, 30, seed=number)
    killed, whole = tmp_path / "killed", tmp_path / "whole"
    arguments = {"model": str(model), "input": str(tmp_path / "images"), "output": str(killed), "workers": 2}
    run = subprocess.run([sys.executable, "-c", KILLED.format(arguments)], stdout=subprocess.PIPE, check=False)
    assert run.returncode == -signal.SIGKILL
    workers = [int(process) for process in run.stdout.split()]
    wait_until(lambda: not any(is_alive(worker) for worker in workers))
    finished = len(list(killed.glob("prediction.results-*")))
    assert len(workers) >= 2
    assert 0 < finished < 6

    summary = predict(**(arguments | {"workers": 1}))
    predict(**(arguments | {"output": str(whole)}))
    assert summary["predicted_in_this_run"] == 32 * (6 - finished)
    assert contents(killed) == contents(whole)
    assert not list(killed.glob(".prediction*"))


def test_results_go_to_cloud_storage_with_the_same_bytes(
    clean_run: tuple[Path, dict], images: Path, model: Path, bucket
):
    for _ in range(2):
        summary = predict(str(model), str(images), "gs://bucket/out", workers=1, hourly_cost=3600)
    written = {blob.name.removeprefix("out/"): blob.download_as_bytes() for blob in bucket.list_blobs(prefix="out/")}
    assert {name: data for name, data in written.items() if name.startswith("prediction.")} == contents(clean_run[0])
    assert json.loads(written["summary.json"]) == summary
    assert summary["predicted_in_this_run"] == 0
    assert summary["cost"] == pytest.approx(summary["seconds"], rel=0.1)
    assert written["page.html"].count(b"<figure>") > 5


def test_only_what_is_wanted_of_a_prediction_is_kept_in_parquet_on_request(
    clean_run: tuple[Path, dict], images: Path, model: Path, tmp_path: Path
):
    wanted = {"confidence_threshold": 0.3, "max_predictions": 1, "results_format": "parquet"}
    summary = predict(str(model), str(images), str(tmp_path / "out"), workers=1, **wanted)
    whole, rows = lines(clean_run[0], "results"), pq.read_table(tmp_path / "out" / FIRST).to_pylist()
    assert summary["results"] == 97
    assert rows[0] == {
        "key": "item 0",
        "instance": json.dumps(whole[0]["instance"], separators=(",", ":")),
        **{name: values[:1] for name, values in whole[0]["prediction"].items()},
    }
    assert [line["key"] for line in lines(tmp_path / "out", "errors")] == [CHANGED, GONE, BLACK]
    with pytest.raises(InputError, match="give another folder"):
        predict(str(model), str(images), str(tmp_path / "out"), workers=1)


def test_two_runs_into_one_folder_at_once_are_refused(clean_run: tuple[Path, dict], images: Path, model: Path):
    with (clean_run[0] / ".lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        with pytest.raises(InputError, match="another run is writing to"):
            predict(str(model), str(images), str(clean_run[0]))


def test_a_picture_inside_of_a_file_is_on_the_page_with_its_boxes(model: Path, tmp_path: Path):
    Image.new("RGB", (40, 30), "white").save(tmp_path / "a.png")
    data = (tmp_path / "a.png").read_bytes()
    requests = [{"key": "<i>x</i>", "b64": base64.b64encode(data).decode()}, {"b64": "no base64"}]
    (tmp_path / "requests.jsonl").write_text("\n".join(map(json.dumps, requests)))
    summary = predict(str(model), str(tmp_path / "requests.jsonl"), str(tmp_path / "out"), workers=1)
    page = (tmp_path / "out" / "page.html").read_text()
    assert (summary["results"], summary["errors"]) == (1, 1)
    assert lines(tmp_path / "out", "results")[0]["instance"] == {"source": "requests.jsonl:1"}
    assert page.count("data:image/jpeg;base64,") == page.count("<figure>") == 1
    assert page.count('<rect class="predicted"') == 2
    assert "&lt;i&gt;x" in page
    assert "<i>x" not in page


def test_pictures_in_cloud_storage_are_predicted_as_those_of_this_machine(
    clean_run: tuple[Path, dict], images: Path, model: Path, bucket, tmp_path: Path
):
    for name in ("0.png", "1.png", "2.png"):
        bucket.blob(f"in/{name}").upload_from_filename(images.parent / name)
    uris = [f"gs://bucket/in/{name}" for name in ("0.png", "gone.png", "1.png", "2.png")]
    (tmp_path / "list.txt").write_text("\n".join(uris))
    predict(str(model), str(tmp_path / "list.txt"), str(tmp_path / "out"), workers=1)
    found, whole = lines(tmp_path / "out", "results"), lines(clean_run[0], "results")
    assert [line["prediction"] for line in found] == [line["prediction"] for line in whole[:3]]
    assert found[0]["instance"] == {"content": uris[0], "mimeType": "image/png"}
    (error,) = lines(tmp_path / "out", "errors")
    assert "there is no gs://bucket/in/gone.png" in error["error"]["message"]


@pytest.mark.parametrize(
    ("wrong", "message"),
    [
        ({"engine": "elsewhere"}, "engine is 'elsewhere': give local, vertex, beam"),
        ({"workers": -1}, "workers is -1"),
        ({"hourly_cost": float("nan")}, "hourly_cost is nan"),
        ({"output": ""}, "the output is empty"),
        ({"confidence_threshold": 1.5}, "from 0 to 1"),
        ({"results_format": "csv"}, "results_format is 'csv': give jsonl, parquet"),
    ],
)
def test_a_setting_that_cannot_be_is_refused_first(wrong: dict, message: str):
    with pytest.raises(InputError, match=message):
        predict(**({"model": "no model", "input": "no input", "output": "no output"} | wrong))


def test_an_output_that_is_no_folder_is_refused_first(images: Path, model: Path, tmp_path: Path):
    (tmp_path / "file").write_text("")
    with pytest.raises(InputError, match=r"file is a file: give a folder"):
        predict(model=str(model), input=str(images), output=str(tmp_path / "file"), workers=1)


def test_what_cannot_be_written_is_said_in_a_sentence(clean_run: tuple[Path, dict], images: Path, model: Path, bucket):
    page = {"output": str(clean_run[0]), "page": "/proc/none/page.html"}
    for wrong in ({"output": "/proc/none"}, page, {"output": "gs://none/out"}):
        with pytest.raises(InputError, match=r"none.* cannot be written: .*give another place"):
            predict(model=str(model), input=str(images), workers=1, **wrong)


@pytest.mark.parametrize("place", ["here", "gs://bucket/out"])
def test_results_of_nobody_knows_what_are_not_taken_for_finished_shards(
    place: str, clean_run: tuple[Path, dict], images: Path, model: Path, bucket, tmp_path: Path
):
    output = str(tmp_path) if place == "here" else place
    for name, data in contents(clean_run[0]).items():
        storage.write_bytes(storage.join(output, name), data)
    with pytest.raises(InputError, match=r"prediction\.\S+-00004, and no plan\.json that says of what"):
        predict(str(model), str(images), output, workers=1)


def test_parquet_results_in_a_folder_of_tables_are_refused(tmp_path: Path):
    (tmp_path / "tables").mkdir()
    pq.write_table(pa.table({"age": [1.0], "city": ["Oslo"]}), tmp_path / "tables" / "a.parquet")
    given = (str(regressor(tmp_path / "model").path), str(tmp_path / "tables"))
    with pytest.raises(InputError, match="lies in the input"):
        predict(*given, str(tmp_path / "tables" / "out"), results_format="parquet")
    assert predict(*given, str(tmp_path / "tables-out"), workers=1, results_format="parquet")["results"] == 1


def test_how_images_are_taken_is_not_to_be_said_of_a_model_folder(images: Path, model: Path, tmp_path: Path):
    with pytest.raises(InputError, match="is a model folder, which says itself how it takes images"):
        predict(model=str(model), input=str(images), output=str(tmp_path / "out"), workers=1, channels="bgr")


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
    shard, given = damaged / "prediction.results-00001-of-00004", (str(model), str(images), str(damaged))
    whole = shard.read_bytes()
    shard.write_bytes(b"".join(whole.splitlines(keepends=True)[1:]))
    with pytest.raises(RuntimeError, match=r"00001-of-00004 .* hold 31 lines for 32 inputs"):
        predict(*given)
    shard.write_bytes(whole[:-9])
    with pytest.raises(RuntimeError, match=r"00001-of-00004 or its error file is damaged"):
        predict(*given)


def test_a_shard_without_its_error_file_is_predicted_again(
    clean_run: tuple[Path, dict], images: Path, model: Path, tmp_path: Path
):
    shutil.copytree(clean_run[0], tmp_path / "out")
    (tmp_path / "out" / "prediction.errors-00001-of-00004").unlink()
    assert predict(str(model), str(images), str(tmp_path / "out"), workers=1)["predicted_in_this_run"] == 32
    assert contents(tmp_path / "out") == contents(clean_run[0])


def test_what_a_killed_run_has_half_written_goes_and_nothing_else(
    clean_run: tuple[Path, dict], images: Path, model: Path, tmp_path: Path
):
    shutil.copytree(clean_run[0], tmp_path / "out")
    for name in (".plan.json-a", ".prediction.results-00000-of-00004-b", ".summary.json-c", ".mine-d"):
        (tmp_path / "out" / name).mkdir()
    predict(str(model), str(images), str(tmp_path / "out"), workers=1)
    assert sorted(file.name for file in (tmp_path / "out").glob(".*")) == [".lock", ".mine-d"]


def test_when_no_item_can_be_predicted_the_run_fails_with_the_first_error(model: Path, tmp_path: Path):
    Image.new("RGB", (30, 30)).save(tmp_path / "black.png")
    dataset = image_dataset(tmp_path / "dataset", {"test": [an_item(tmp_path / "black.png", "black")]})
    with pytest.raises(InputError, match=r"none of the 1 images could be predicted; .* not finite"):
        predict(model=str(model), input=str(dataset), output=str(tmp_path / "out"))


def test_table_rows_are_predicted_over_splits_of_any_size(tmp_path: Path):
    ages = {"train": [float(n) for n in range(10_500)], "validation": [1.0], "test": [None, 2.0]}
    dataset, model = people_dataset(tmp_path / "dataset", ages), regressor(tmp_path / "model")
    summary = predict(model=str(model.path), input=str(dataset), output=str(tmp_path / "out"))
    results, errors = lines(tmp_path / "out", "results"), lines(tmp_path / "out", "errors")
    assert (summary["shards"], summary["results"], summary["errors"]) == (2, 10_502, 1)
    assert results[-1] == {"key": "test.csv:3", "instance": {"age": 2.0, "city": "Oslo"}, "prediction": {"value": 5.0}}
    assert [line["prediction"]["value"] for line in results[:3]] == [1.0, 3.0, 5.0]
    assert errors[0]["key"] == "test.csv:2"
    assert errors[0]["instance"]["age"] is None


def test_a_model_of_tables_is_refused_for_images(images: Path, tmp_path: Path):
    model = regressor(tmp_path / "model")
    with pytest.raises(InputError, match=r"is a model for tabular_regression, but .* is for object_detection"):
        predict(model=str(model.path), input=str(images), output=str(tmp_path / "out"))


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
