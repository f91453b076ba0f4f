"""Worker processes that die, killed by a record or by somebody else."""

import base64
import json
import os
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from tiny_models import an_image, detector

from graduate.components.batch_predict.apart import lines_apart
from graduate.components.batch_predict.job import Job
from graduate.components.batch_predict.material import file_bytes, pixels
from graduate.components.batch_predict.plan import Plan
from graduate.components.batch_predict.records import Record
from graduate.components.batch_predict.results import Results
from graduate.components.batch_predict.workers import predict_on_workers
from graduate.components.errors import InputError
from graduate.components.prediction.decode import decode
from graduate.components.prediction.predictor import open_predictor
from graduate.components.prediction.reading import Reading

FIELDS = ("displayNames", "confidences", "bboxes")


class Killer(Record):
    """A record that ends the worker that it comes to, as a hostile image may."""

    def __reduce__(self):
        return os._exit, (9,)


class Records:
    """A source of given records."""

    unit = "images"
    digest = "of a test"

    def __init__(self, records: list[Record]) -> None:
        self.records, self.count, self.rejects = records, len(records), []

    def chunks(self, size: int):
        return (self.records[start : start + size] for start in range(0, self.count, size))


@pytest.fixture(scope="module")
def model(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return detector(tmp_path_factory.mktemp("models") / "detector").path


def a_record(folder: Path, number: int, kind: type[Record] = Record) -> Record:
    return kind(f"{number}", f"line {number}", "file", uri=str(an_image(folder / f"{number}.png", seed=number)))


def a_job(records: list[Record], model: Path, output: Path, shard_size: int, counted: int = 0) -> Job:
    source, plan = Records(records), Plan("model", "inputs", counted or len(records), shard_size)
    results, reading = Results(str(output), plan.shards, FIELDS), Reading()
    return Job("the input", "", str(model), reading, open_predictor(model, reading), source, plan, results, frozenset())


def test_a_record_that_kills_its_worker_is_an_error_and_costs_no_other_one(model: Path, tmp_path: Path):
    records = [a_record(tmp_path, number, Killer if number == 4 else Record) for number in range(9)]
    job = a_job(records, model, tmp_path / "out", shard_size=3)
    predict_on_workers(job, workers=2)
    assert job.results.finished() == {0, 1, 2}
    found = [line for shard in range(3) for line in job.results.read(shard)]
    assert [line["key"] for line in found if "prediction" in line] == ["0", "1", "2", "3", "5", "6", "7", "8"]
    (error,) = (line for line in found if "error" in line)
    assert error["key"] == "4"
    assert error["error"]["code"] == 3
    assert "the process that predicts it dies, 3 times of 3" in error["error"]["message"]


@pytest.mark.parametrize("counted", [3, 4, 5, 7])
def test_an_input_that_changes_while_it_is_read_is_no_complete_one(counted: int, model: Path, tmp_path: Path):
    job = a_job([a_record(tmp_path, 0)] * 6, model, tmp_path / "out", shard_size=2, counted=counted)
    with pytest.raises(InputError, match="when it was opened, and has another number now"):
        list(job.chunks())


def test_a_shard_that_a_killed_run_has_begun_otherwise_is_not_written_over(model: Path, tmp_path: Path):
    job = a_job([a_record(tmp_path, 0)], model, tmp_path / "out", shard_size=1)
    (tmp_path / "out").mkdir()
    Path(job.results.errors_file(0)).write_text("{}")
    with pytest.raises(InputError, match=r"errors-00000-of-00001 is there already.* remove it and run again"):
        predict_on_workers(job, workers=1)


def test_large_records_are_not_read_far_ahead(model: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    data = an_image(tmp_path / "a.png").read_bytes()
    records = [Record(str(number), "", "image", payload=data) for number in range(8)]
    job = a_job(records, model, tmp_path / "out", shard_size=1)
    ahead = []

    def chunks(size: int):
        for record in records:
            ahead.append(len(ahead) - len(job.results.finished()))
            yield [record]

    monkeypatch.setattr(job.source, "chunks", chunks)
    monkeypatch.setattr("graduate.components.batch_predict.workers._MAX_WAITING_BYTES", len(data))
    predict_on_workers(job, workers=4)
    assert len(job.results.finished()) == 8
    assert max(ahead) <= 2


def test_only_shards_that_are_not_finished_are_read(model: Path, tmp_path: Path):
    job = replace(a_job([a_record(tmp_path, 0)] * 6, model, tmp_path / "out", shard_size=2), finished=frozenset({0, 2}))
    assert [(shard, len(chunk)) for shard, chunk in job.chunks()] == [(1, 2)]
    assert job.to_do == 2


def test_records_that_somebody_else_had_killed_are_predicted(model: Path, tmp_path: Path):
    records = [a_record(tmp_path, number) for number in range(3)]
    found = lines_apart(str(model), Reading(), records)
    assert [line["key"] for line in found] == ["0", "1", "2"]
    assert all("prediction" in line for line in found)


@pytest.mark.parametrize("form", ["jsonl", "parquet"])
def test_results_are_read_as_they_were_written(form, tmp_path: Path):
    results = Results(str(tmp_path), 2, FIELDS, form)
    prediction = {"displayNames": ["cat", "dog"], "confidences": [0.75, 0.5], "bboxes": [[0.0, 1.0, 0.0, 1.0]] * 2}
    written = [
        {"key": "a", "instance": {"content": "a.jpg", "mimeType": None}, "prediction": prediction},
        {"key": "b", "instance": {"source": "x:2"}, "error": {"code": 3, "message": "not an image"}},
    ]
    assert results.write(1, written) == 1
    assert results.write(1, written) == 1
    assert results.finished() == {1}
    assert list(results.read(1)) == written
    assert results.write(0, []) == 0
    assert list(results.read(0)) == []
    with pytest.raises(FileExistsError):
        results.write(1, [json.loads(json.dumps(line)) | {"key": "c"} for line in written])


def test_a_value_and_named_tensors_are_columns_too(tmp_path: Path):
    for number, prediction in enumerate([{"value": 1.5}, {"outputs": {"y": [[1.0, 2.0]]}}]):
        results = Results(str(tmp_path / str(number)), 1, tuple(prediction), "parquet")
        results.write(0, [{"key": "a", "instance": {"age": None}, "prediction": prediction}])
        assert list(results.read(0)) == [{"key": "a", "instance": {"age": None}, "prediction": prediction}]


@pytest.mark.parametrize("form", ["image_tensor", "b64"])
def test_the_image_file_of_an_instance_has_its_pixels(form: str, tmp_path: Path):
    file = an_image(tmp_path / "a.png")
    image = decode(file.read_bytes())
    value = image.tolist() if form == "image_tensor" else base64.b64encode(file.read_bytes()).decode()
    record = Record("a", "x:1", "json", payload=json.dumps({form: value}).encode())
    np.testing.assert_array_equal(pixels(record), image)
    np.testing.assert_array_equal(decode(file_bytes(record)), image)
