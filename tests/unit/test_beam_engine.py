"""The engine `beam`: the local engine's very bytes, one error for a bad record, and what Dataflow is asked for."""

import pickle
from pathlib import Path

import pytest
from apache_beam import Create, Pipeline
from apache_beam.ml.inference.base import RunInference
from apache_beam.options.pipeline_options import GoogleCloudOptions, PipelineOptions, WorkerOptions
from apache_beam.testing.util import assert_that
from kfp import dsl
from tiny_models import an_image, detector, forecaster, regressor
from tiny_series import series_dataset, shops

from graduate.components.batch_predict.beam import settings
from graduate.components.batch_predict.beam.handler import ChunkHandler
from graduate.components.batch_predict.beam.settings import BeamSettings
from graduate.components.batch_predict.beam.steps import ReadShards, WriteShard
from graduate.components.batch_predict.component import batch_predict_on_beam
from graduate.components.batch_predict.plan import Plan
from graduate.components.batch_predict.predict import predict
from graduate.components.batch_predict.records import Record
from graduate.components.batch_predict.results import Results
from graduate.components.errors import InputError
from graduate.components.images import UNBUILT_TAG
from graduate.components.prediction.reading import Reading

IMAGES, CUT_SHORT, NO_IMAGE = 70, "05.png", "40.png"
DATAFLOW = BeamSettings(
    runner="DataflowRunner", project="p", region="europe-west4", temp_location="gs://bucket/temp", workers=3
)


def contents(folder: Path) -> dict[str, bytes]:
    return {file.name: file.read_bytes() for file in folder.glob("prediction.*")}


@pytest.fixture(scope="module")
def model(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return detector(tmp_path_factory.mktemp("models") / "detector").path


@pytest.fixture(scope="module")
def images(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """70 pictures of three sizes; two cannot be read."""
    folder = tmp_path_factory.mktemp("images")
    files = [an_image(folder / f"{n:02}.png", 30 + 10 * (n % 3), 30, seed=n) for n in range(IMAGES)]
    files[5].write_bytes(files[6].read_bytes()[:200])
    files[40].write_bytes(b"no image")
    return folder


@pytest.fixture(scope="module")
def on_beam(model: Path, images: Path, tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, dict]:
    output = tmp_path_factory.mktemp("runs") / "beam"
    return output, predict(str(model), str(images), str(output), workers=2, engine="beam")


def test_images_give_the_bytes_of_the_local_engine(
    on_beam: tuple[Path, dict], model: Path, images: Path, tmp_path: Path
):
    predict(str(model), str(images), str(tmp_path), workers=1)
    assert contents(on_beam[0]) == contents(tmp_path)
    assert len(contents(tmp_path)) == 6


def test_each_bad_image_is_an_error_and_all_others_are_predicted(on_beam: tuple[Path, dict]):
    output, summary = on_beam
    errors = b"".join(content for name, content in contents(output).items() if "errors" in name)
    assert (summary["inputs"], summary["results"], summary["errors"]) == (IMAGES, IMAGES - 2, 2)
    assert all(f'"key":"{name}"'.encode() in errors for name in (CUT_SHORT, NO_IMAGE))


def test_a_run_started_again_predicts_only_the_shards_that_are_not_finished(
    on_beam: tuple[Path, dict], model: Path, images: Path, tmp_path: Path
):
    for file in on_beam[0].iterdir():
        if "results-00001" not in file.name:
            (tmp_path / file.name).write_bytes(file.read_bytes())
    kept = {file.name: file.stat().st_mtime_ns for file in tmp_path.glob("prediction.*")}
    summary = predict(str(model), str(images), str(tmp_path), workers=1, engine="beam")
    assert summary["predicted_in_this_run"] == 32
    assert contents(tmp_path) == contents(on_beam[0])
    assert {name: (tmp_path / name).stat().st_mtime_ns for name in kept} == kept


def test_rows_give_the_bytes_of_the_local_engine(tmp_path: Path):
    rows = "".join(f"{'old' if n == 700 else n},Oslo\n" for n in range(2500))
    (tmp_path / "people.csv").write_text("age,city\n" + rows)
    model = regressor(tmp_path / "model").path
    for engine in ("local", "beam"):
        summary = predict(str(model), str(tmp_path / "people.csv"), str(tmp_path / engine), workers=1, engine=engine)
        assert (summary["results"], summary["errors"]) == (2499, 1)
    assert contents(tmp_path / "beam") == contents(tmp_path / "local")


def test_series_give_the_bytes_of_the_local_engine(tmp_path: Path):
    data, model = series_dataset(tmp_path / "data", shops(60, 2)).path, forecaster(tmp_path / "model").path
    for engine in ("local", "beam"):
        predict(str(model), str(data), str(tmp_path / engine), workers=1, engine=engine)
    assert contents(tmp_path / "beam") == contents(tmp_path / "local")


def test_model_input_and_results_may_all_be_in_cloud_storage(bucket, model: Path, images: Path):
    for name in ("model.json", "model.onnx"):
        bucket.blob(f"model/{name}").upload_from_filename(model / name)
    for name in ("04.png", CUT_SHORT, "06.png"):
        bucket.blob(f"images/{name}").upload_from_filename(images / name)
    predict("gs://bucket/model", "gs://bucket/images", "gs://bucket/out", workers=2, engine="beam")
    errors, results = (
        bucket.blob(f"out/prediction.{kind}-00000-of-00001").download_as_bytes() for kind in ("errors", "results")
    )
    assert b"gs://bucket/images/05.png" in errors
    assert results.count(b"gs://bucket/images/") == 2


def test_the_door_predicts(model: Path, images: Path, tmp_path: Path):
    metrics = dsl.Metrics(uri=str(tmp_path / "metrics.json"))
    batch_predict_on_beam.python_func(
        model=dsl.Model(uri=str(model)),
        input=str(images),
        predictions=dsl.Artifact(uri=str(tmp_path / "predictions")),
        page=dsl.HTML(uri=str(tmp_path / "page.html")),
        metrics=metrics,
        workers=1,
    )
    assert metrics.metadata["results"] == IMAGES - 2
    assert "Batch prediction" in (tmp_path / "page.html").read_text()


def test_the_handler_quarantines_a_record_in_a_pipeline_of_ones_own(model: Path, images: Path):
    records = [Record(name, name, "file", uri=str(images / name)) for name in ("04.png", CUT_SHORT, "06.png")]

    def one_error(chunks) -> None:
        (lines,) = chunks
        assert ["error" in line for line in lines] == [False, True, False]
        assert [line["key"] for line in lines] == ["04.png", CUT_SHORT, "06.png"]

    with Pipeline(runner="FnApiRunner") as pipeline:
        assert_that(pipeline | Create([records]) | RunInference(ChunkHandler(str(model), Reading())), one_error)


def test_what_travels_to_the_workers_holds_no_model(model: Path):
    handler = ChunkHandler(str(model), Reading())
    handler.load_model()
    assert len(pickle.dumps(handler)) < 1000


def test_an_input_that_changed_after_the_plan_was_made_is_refused(model: Path, images: Path):
    read = ReadShards(str(model), Reading(), Plan("model", "another digest", IMAGES, 32), frozenset())
    with pytest.raises(RuntimeError, match="has changed since this run was planned"):
        next(read.process(str(images)))


def test_a_shard_that_another_worker_has_written_stays_as_it_is(tmp_path: Path):
    results = Results(str(tmp_path), 1, ("value",))
    for value in (1.0, 1.0000001):
        WriteShard(results).process((0, [{"key": "a", "instance": {}, "prediction": {"value": value}}]))
    assert [line["prediction"]["value"] for line in results.read(0)] == [1.0]


@pytest.mark.parametrize(
    ("given", "location", "said"),
    [
        (BeamSettings(runner="DataflowRunner", region="europe-west4"), "gs://b/m", "beam_project is empty"),
        (DATAFLOW, "models/mine", "models/mine is on this machine"),
        (DATAFLOW, "gs://b/m", "image `beam`, which Dataflow's workers run, has not been built"),
    ],
)
def test_what_dataflow_could_not_run_is_refused(
    given: BeamSettings, location: str, said: str, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr(settings, "image", lambda name: f"registry/{name}{UNBUILT_TAG}")
    with pytest.raises(InputError, match=said):
        given.check(location)


def test_dataflow_is_asked_for_our_image_by_its_digest(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(settings, "image", lambda name: f"registry/{name}@sha256:0123")
    DATAFLOW.check("gs://bucket/model")
    options = PipelineOptions([], **DATAFLOW.options("graduate-1"))
    assert options.view_as(WorkerOptions).sdk_container_image == "registry/beam@sha256:0123"
    assert options.view_as(WorkerOptions).max_num_workers == 3
    assert options.view_as(GoogleCloudOptions).job_name == "graduate-1"
