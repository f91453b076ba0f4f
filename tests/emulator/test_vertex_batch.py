"""Batch prediction by the service: with a model folder, with the registry's models, and what may go wrong."""

import json
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from batch_world import PARENT, QUICKLY, SETTINGS, classifier, files, image_requests, job, lines, predict_here
from google.cloud import aiplatform
from google.cloud.storage import Bucket
from small_data import IO, image_dataset
from tiny_models import an_image, detector, regressor

from graduate.components.batch_predict.job import Job
from graduate.components.batch_predict.vertex.engine import predict_on_vertex
from graduate.components.batch_predict.vertex.registered import open_registered
from graduate.components.batch_predict.vertex.target import container_spec, unmanaged_target
from graduate.components.data import storage
from graduate.components.errors import FinalError, InputError
from graduate.components.prediction.reading import Reading
from graduate.components.vertex.connect import connect
from graduate.emulator.faults import Fault
from graduate.emulator.server import Emulator


@pytest.fixture
def images(tmp_path: Path) -> list[Path]:
    return [an_image(tmp_path / "images" / f"{seed}.png", 20 + seed, 16, seed) for seed in range(4)]


@pytest.fixture
def asked(tmp_path: Path, images: list[Path]) -> Job:
    """Eleven records, of which six are bad."""
    detector(tmp_path / "model")
    return job(tmp_path / "model", image_requests(tmp_path / "requests.jsonl", images), tmp_path / "there")


def again(asked: Job, output: Path) -> Job:
    """The same records, to be written elsewhere."""
    return replace(asked, results=replace(asked.results, folder=str(output)))


def lines_here(asked: Job, output: Path) -> dict[str, dict]:
    there = again(asked, output)
    predict_here(there)
    return lines(there)


def written(engine: Emulator) -> list[Any]:
    return engine.resources.all(PARENT, "batchPredictionJobs")


def registered(model: Path) -> aiplatform.Model:
    """The model folder in the bucket, registered with our container."""
    for file in ("model.json", "model.onnx"):
        storage.upload(model / file, f"gs://bucket/models/tiny/{file}")
    connect(SETTINGS.project, SETTINGS.location)
    spec = container_spec(Reading())
    return aiplatform.Model.upload(
        display_name="tiny",
        artifact_uri="gs://bucket/models/tiny",
        serving_container_image_uri=spec.image_uri,
        serving_container_command=list(spec.command),
        serving_container_predict_route=spec.predict_route,
        serving_container_health_route=spec.health_route,
    )


def test_a_model_folder_predicts_on_the_service_what_it_predicts_here(
    engine: Emulator, asked: Job, tmp_path: Path
) -> None:
    predict_on_vertex(asked, replace(SETTINGS, gcp_resources=str(tmp_path / "resources.json")), QUICKLY)

    assert files(asked) == predict_here(again(asked, tmp_path / "here"))
    found = lines(asked)
    assert sum("error" in line for line in found.values()) == 6
    assert "absent.png" in found["absent"]["error"]["message"]
    assert found["tensor"]["prediction"]["displayNames"] == ["cat", "dog"]
    (done,) = written(engine)
    assert done.name in (tmp_path / "resources.json").read_text()


def test_the_job_says_how_instances_are_made_and_on_which_machines(engine: Emulator, asked: Job) -> None:
    key, account = "projects/demo/locations/europe-west4/keyRings/r/cryptoKeys/k", "batch@demo.iam.gserviceaccount.com"
    settings = replace(
        SETTINGS, encryption_key=key, service_account=account, machine_type="n1-standard-8", max_replicas=3
    )
    engine.faults.fail_job("batchPredictionJobs", "Enough is seen.")
    with pytest.raises(FinalError, match="Enough"):
        predict_on_vertex(asked, settings, QUICKLY)

    (request,) = engine.asked("POST", "/batchPredictionJobs")
    body = request.body
    assert body["instanceConfig"] == {"instanceType": "object", "keyField": "graduate_key"}
    assert body["encryptionSpec"]["kmsKeyName"] == key
    assert body["serviceAccount"] == account
    assert body["dedicatedResources"] == {
        "machineSpec": {"machineType": "n1-standard-8"},
        "startingReplicaCount": 1,
        "maxReplicaCount": 3,
    }
    assert body["manualBatchTuningParameters"] == {"batchSize": 64}
    assert body["labels"]["a"] == "b"
    assert "model" not in body
    spec = body["unmanagedContainerModel"]["containerSpec"]
    assert spec["imageUri"].rpartition("/")[2].startswith("predict")
    # An image is read here up to 64 megapixels, and there.
    assert {"name": "GRADUATE_MAX_PIXELS", "value": "64000000"} in spec["env"]


def test_what_was_staged_and_predicted_is_neither_again(engine: Emulator, bucket: Bucket, asked: Job) -> None:
    predict_on_vertex(asked, SETTINGS, QUICKLY)
    before = {blob.name: blob.generation for blob in bucket.list_blobs()}

    other = again(asked, Path(asked.results.folder).parent / "elsewhere")
    predict_on_vertex(other, SETTINGS, QUICKLY)

    assert {blob.name: blob.generation for blob in bucket.list_blobs()} == before
    assert len(written(engine)) == 1
    assert files(other) == files(asked)


def test_a_job_whose_results_were_deleted_is_done_again(engine: Emulator, bucket: Bucket, asked: Job) -> None:
    predict_on_vertex(asked, SETTINGS, QUICKLY)
    for blob in list(bucket.list_blobs(match_glob="**/predictions/**")):
        blob.delete()

    other = again(asked, Path(asked.results.folder).parent / "elsewhere")
    predict_on_vertex(other, SETTINGS, QUICKLY)

    assert len(written(engine)) == 2
    assert files(other) == files(asked)


def test_an_onnx_file_alone_is_predicted_with_as_here_by_its_labels(
    engine: Emulator, images: list[Path], tmp_path: Path
) -> None:
    (tmp_path / "names.txt").write_text("red\ngreen\nblue\n")
    reading = Reading(labels=str(tmp_path / "names.txt"))
    asked = job(classifier(tmp_path / "colours.onnx"), images[0].parent, tmp_path / "there", reading=reading)

    predict_on_vertex(asked, SETTINGS, QUICKLY)

    assert files(asked) == predict_here(again(asked, tmp_path / "here"))
    assert {line["prediction"]["displayNames"][0] for line in lines(asked).values()} <= {"red", "green", "blue"}


def test_rows_are_predicted_as_here(engine: Emulator, tmp_path: Path) -> None:
    regressor(tmp_path / "model")
    (tmp_path / "rows.csv").write_text("age,city\n1.5,Oslo\nold,Oslo\n3,Bern\n,Oslo\n0.1,\n")
    asked = job(tmp_path / "model", tmp_path / "rows.csv", tmp_path / "there")

    predict_on_vertex(asked, SETTINGS, QUICKLY)

    assert files(asked) == predict_here(again(asked, tmp_path / "here"))
    assert len(lines(asked)) == 5


def test_a_registered_model_with_our_container_is_predicted_with(
    engine: Emulator, bucket: Bucket, asked: Job, tmp_path: Path
) -> None:
    model = registered(tmp_path / "model")
    settings = replace(SETTINGS, model=model.resource_name)
    path, predictor = open_registered(settings, Reading(), tmp_path / "copy")
    there = job(path, asked.input, tmp_path / "by name", predictor)

    predict_on_vertex(there, settings, QUICKLY)

    assert files(there) == predict_here(again(asked, tmp_path / "here"))
    (request,) = engine.asked("POST", "/batchPredictionJobs")
    assert request.body["model"] == f"{model.resource_name}@1"
    assert "unmanagedContainerModel" not in request.body
    assert not list(bucket.list_blobs(prefix="staging/graduate/models"))


def test_a_model_of_automl_is_predicted_with(
    vertex: Emulator, engine: Emulator, bucket: Bucket, tmp_path: Path
) -> None:
    dataset = image_dataset(bucket, IO.bounding_box)
    training = aiplatform.AutoMLImageTrainingJob("training", prediction_type="object_detection")
    model = training.run(dataset, budget_milli_node_hours=20_000)
    storage.write_bytes("gs://bucket/images/broken.png", b"no image")
    here = an_image(tmp_path / "here.png")
    # One of them twice, and one that is here.
    listed = ["gs://bucket/images/0.png", "gs://bucket/images/1.png", "gs://bucket/images/broken.png", str(here)]
    (tmp_path / "list.txt").write_text("\n".join([*listed, listed[0]]) + "\n")
    settings = replace(SETTINGS, model=model.resource_name)
    path, predictor = open_registered(settings, Reading(), tmp_path / "copy")
    there = job(path, tmp_path / "list.txt", tmp_path / "there", predictor)

    predict_on_vertex(there, settings, QUICKLY)

    found = [line for shard in range(there.plan.shards) for line in there.results.read(shard)]
    assert len(found) == 5
    by_content: dict[str, list[Any]] = {}
    for line in found:
        by_content.setdefault(line["instance"]["content"], []).append(line)
    first, second = by_content[listed[0]]
    assert first["prediction"] == second["prediction"]
    assert first["prediction"]["displayNames"] == ["red"]
    assert by_content[listed[1]][0]["prediction"]["displayNames"] == ["blue"]
    assert "error" in by_content[listed[2]][0]
    assert "prediction" in by_content[str(here)][0]


def test_a_registered_model_of_rows_is_monitored(engine: Emulator, bucket: Bucket, tmp_path: Path) -> None:
    regressor(tmp_path / "model")
    model = registered(tmp_path / "model")
    (tmp_path / "rows.csv").write_text("age,city\n1.5,Oslo\n3,Bern\nold,Oslo\n")
    watched = {"monitoring_data": "gs://bucket/train.csv", "monitoring_target": "score", "monitoring_emails": "a@b.c"}
    there = job(tmp_path / "model", tmp_path / "rows.csv", tmp_path / "there")

    predict_on_vertex(there, replace(SETTINGS, model=model.resource_name, **watched), QUICKLY)

    assert files(there) == predict_here(again(there, tmp_path / "here"))
    (request,) = engine.asked("POST", "/batchPredictionJobs")
    assert request.path.startswith("/v1beta1/")
    assert request.body["instanceConfig"] == {"instanceType": "object", "excludedFields": ["graduate_key"]}
    config = request.body["modelMonitoringConfig"]
    assert config["alertConfig"]["emailAlertConfig"]["userEmails"] == ["a@b.c"]
    (objective,) = config["objectiveConfigs"]
    assert objective["trainingDataset"] == {
        "gcsSource": {"uris": ["gs://bucket/train.csv"]},
        "dataFormat": "csv",
        "targetField": "score",
    }
    schema = json.loads(storage.read_bytes(config["analysisInstanceSchemaUri"]))
    assert schema["properties"]["age"] == {"type": "number", "nullable": True}


def test_what_the_service_does_not_monitor_is_refused(engine: Emulator, asked: Job) -> None:
    with pytest.raises(InputError, match="monitors registered models of tables alone"):
        predict_on_vertex(asked, replace(SETTINGS, monitoring_data="gs://bucket/train.csv"), QUICKLY)
    assert not written(engine)


def test_a_job_whose_creation_was_not_answered_is_found_and_not_paid_twice(
    engine: Emulator, asked: Job, tmp_path: Path
) -> None:
    engine.faults.order(Fault("POST", "/batchPredictionJobs$", status=None, after=True))
    engine.faults.order(Fault("GET", r"/batchPredictionJobs/\d+$", status=503, times=2))

    predict_on_vertex(asked, SETTINGS, QUICKLY)

    assert len(written(engine)) == 1
    assert files(asked) == predict_here(again(asked, tmp_path / "here"))


def test_what_the_service_loses_is_asked_for_again_alone_and_then_an_error(
    engine: Emulator, asked: Job, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    # An instance in each of nine requests, of which two fail; of these the first fails again.
    monkeypatch.setattr("graduate.components.batch_predict.vertex.job._REQUEST_BYTES", 1)
    engine.faults.order(Fault("POST", "^/predict$", status=200))
    engine.faults.order(Fault("POST", "^/predict$", status=503, times=2))
    engine.faults.order(Fault("POST", "^/predict$", status=200, times=6))
    engine.faults.order(Fault("POST", "^/predict$", status=503))

    predict_on_vertex(asked, SETTINGS, QUICKLY)

    assert len(written(engine)) == 2
    assert engine.asked("POST", "/batchPredictionJobs")[1].body["manualBatchTuningParameters"] == {"batchSize": 1}
    expected, found = lines_here(asked, tmp_path / "here"), lines(asked)
    (lost,) = [key for key in expected if found[key] != expected[key]]
    assert "gave no answer" in found[lost]["error"]["message"]
    assert "Non-OK result 503" in found[lost]["error"]["message"]


def test_where_all_is_lost_the_service_says_it(engine: Emulator, asked: Job) -> None:
    engine.faults.order(Fault("POST", "^/predict$", status=500))

    with pytest.raises(FinalError, match="All 9 instances failed"):
        predict_on_vertex(asked, SETTINGS, QUICKLY)


def test_a_refused_right_and_a_failed_job_are_sentences(engine: Emulator, asked: Job) -> None:
    engine.faults.order(Fault("POST", "/batchPredictionJobs$", status=403))
    with pytest.raises(InputError, match=r"roles/aiplatform\.user"):
        predict_on_vertex(asked, SETTINGS, QUICKLY)

    engine.faults.fail_job("batchPredictionJobs", "The machines are all taken.")
    with pytest.raises(FinalError, match="the batch prediction on Vertex AI has failed: The machines are all taken"):
        predict_on_vertex(asked, SETTINGS, QUICKLY)


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"staging": ""}, "vertex_staging is ''"),
        ({"project": "Demo!"}, "vertex_project"),
        ({"labels": "A=b"}, "vertex_labels"),
        ({"model": "models/1"}, "vertex_model is 'models/1'"),
        ({"model": "projects/demo/locations/us-central1/models/1"}, "not in vertex_location, europe-west4"),
        ({"machine_type": "big; rm"}, "vertex_machine_type"),
        ({"starting_replicas": 11}, "vertex_starting_replicas is 11"),
    ],
)
def test_a_setting_that_cannot_be_used_is_refused_before_the_first_call(
    engine: Emulator, asked: Job, changes: dict[str, Any], message: str
) -> None:
    with pytest.raises(InputError, match=message):
        predict_on_vertex(asked, replace(SETTINGS, **changes), QUICKLY)
    assert not engine.requests


def test_forecasts_stay_here(engine: Emulator, asked: Job) -> None:
    forecaster: Any = SimpleNamespace(name="sales", input={"kind": "series"})
    with pytest.raises(InputError, match="sales forecasts from the whole past of a series: use engine=local"):
        predict_on_vertex(replace(asked, predictor=forecaster), SETTINGS, QUICKLY)


def test_a_new_image_of_the_container_is_asked_anew(
    engine: Emulator, asked: Job, monkeypatch: pytest.MonkeyPatch
) -> None:
    identities = set()
    for digest in ("a" * 64, "b" * 64):
        name = "graduate.components.batch_predict.vertex.target.image"
        monkeypatch.setattr(name, lambda name, digest=digest: f"host/{name}@sha256:{digest}")
        identities.add(unmanaged_target(asked.predictor, Path(asked.model), Reading(), "gs://bucket/model").identity)

    assert len(identities) == 2


def test_an_image_that_has_not_been_built_is_not_sent_to_the_cloud(
    engine: Emulator, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("VERTEX_AI_EMULATOR_HOST")
    monkeypatch.setattr("graduate.components.batch_predict.vertex.target.image", lambda name: f"host/{name}:unbuilt")

    with pytest.raises(InputError, match="has not been built"):
        container_spec(Reading())
