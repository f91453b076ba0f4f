"""How the server is set up, and the forms that other servers take a model in."""

import json
import re
from dataclasses import fields
from pathlib import Path
from types import SimpleNamespace

import pytest
import yaml
from kubernetes.client import ApiClient
from served import HEALTH, served
from tiny_models import detector

from graduate.components.errors import InputError
from graduate.components.online.kserve import inference_service
from graduate.components.online.settings import Settings, from_environment
from graduate.components.prediction.reading import Reading
from graduate.pipelines.serve import export_serving


def test_the_environment_of_vertex_ai_is_read():
    vertex = {"AIP_STORAGE_URI": "gs://b/m", "AIP_HTTP_PORT": "7080", "AIP_HEALTH_ROUTE": "/h"}
    settings = from_environment({**vertex, "GRADUATE_QUEUE": "5", "GRADUATE_SCALING": "0..1", "OTHER": "x"})
    assert (settings.model, settings.port, settings.health_route) == ("gs://b/m", 7080, "/h")
    assert (settings.queue, settings.reading.scaling, settings.reading.channels) == (5, "0..1", "rgb")


@pytest.mark.parametrize(
    ("environment", "said"),
    [
        ({}, "AIP_STORAGE_URI is not set"),
        ({"AIP_STORAGE_URI": "m", "AIP_HTTP_PORT": "http"}, "AIP_HTTP_PORT 'http' is no whole number"),
        ({"AIP_STORAGE_URI": "m", "AIP_HTTP_PORT": "65536"}, "port 65536 is none"),
        ({"AIP_STORAGE_URI": "m", "AIP_PREDICT_ROUTE": "predict"}, "does not begin with /"),
        ({"AIP_STORAGE_URI": "m", "GRADUATE_LAYOUT": "hwc"}, "GRADUATE_LAYOUT 'hwc' is none of nhwc, nchw"),
        ({"AIP_STORAGE_URI": "m", "GRADUATE_MAX_PIXELS": "0"}, "max_pixels 0 makes no sense"),
    ],
)
def test_a_setting_that_is_none_is_refused(environment: dict[str, str], said: str):
    with pytest.raises(InputError, match=re.escape(said)):
        from_environment(environment)


def test_the_manifest_has_what_kserve_and_kubernetes_know_and_nothing_else():
    manifest = inference_service("cats", "gs://bucket/cats", "registry/predict@sha256:1")
    assert (manifest["apiVersion"], manifest["kind"]) == ("serving.kserve.io/v1beta1", "InferenceService")
    predictor = manifest["spec"]["predictor"]
    # A custom predictor is a PodSpec: Kubernetes' own client drops, or refuses, what is no field of one.
    assert as_kubernetes_reads_it(predictor, "V1PodSpec") == predictor
    (container,) = predictor["containers"]
    assert container["name"] == "kserve-container"  # the only one that the model is brought for
    assert container["readinessProbe"]["httpGet"]["port"] == container["ports"][0]["containerPort"]


def as_kubernetes_reads_it(values: dict, kind: str) -> dict:
    client = ApiClient()
    return client.sanitize_for_serialization(client.deserialize(SimpleNamespace(data=json.dumps(values)), kind))


@pytest.mark.parametrize(("name", "uri"), [("Cats", "gs://b/m"), ("1cat", "gs://b/m"), ("", "gs://b/m"), ("cats", "m")])
def test_what_kserve_would_refuse_is_refused(name: str, uri: str):
    with pytest.raises(InputError):
        inference_service(name, uri, "image")


def test_the_exported_manifest_starts_a_server_that_speaks_kserves_protocol(tmp_path: Path):
    model = detector(tmp_path / "model").path
    export_serving(model, output=tmp_path / "out", image="predict", uri="gs://bucket/cats", name="cats")
    manifest = yaml.safe_load((tmp_path / "out" / "kserve.yaml").read_text())
    (container,) = manifest["spec"]["predictor"]["containers"]
    environment = {each["name"]: each["value"] for each in container["env"]}
    assert environment["AIP_STORAGE_URI"] == "/mnt/models"  # where KServe puts it; here it is elsewhere
    environment |= {"STORAGE_URI": "/mnt/models", "AIP_HTTP_PORT": "0"}
    del environment["AIP_STORAGE_URI"]
    with served(tmp_path, model, command=container["command"], **environment) as server:
        assert server.ask("GET", "/v1/models") == (200, {"models": ["cats"]})
        ready = container["readinessProbe"]["httpGet"]["path"]
        assert server.ask("GET", ready) == (200, {"name": "cats", "ready": True})
        picture = {"image_tensor": [[[255, 0, 0]] * 4] * 4}
        status, answer = server.ask("POST", "/v1/models/cats:predict", {"instances": [picture]})
        assert (status, answer["predictions"][0]["displayNames"]) == (200, ["cat", "dog"])


def test_the_exported_repository_for_triton_is_complete(tmp_path: Path):
    model = detector(tmp_path / "model")
    export_serving(model.path, output=tmp_path / "out", image="predict", uri="gs://bucket/cats")
    repository = tmp_path / "out" / "triton" / "model"
    assert (repository / "1" / "model.onnx").read_bytes() == model.onnx.read_bytes()
    assert "onnxruntime" in (repository / "config.pbtxt").read_text()
    (model.onnx).unlink()
    with pytest.raises(InputError, match="convert the model first"):
        export_serving(model.path, output=tmp_path / "other", image="predict", uri="gs://bucket/cats")


def test_the_command_serves_on_this_machine_alone(tmp_path: Path):
    model = detector(tmp_path / "model").path
    code = f"from graduate.pipelines.serve import serve; serve({str(model)!r}, port=0)"
    with served(tmp_path, "", command=["python", "-c", code]) as server:
        assert "http://127.0.0.1:" in server.log
        assert server.ask("GET", HEALTH) == (200, {"name": "model", "ready": True})
        assert server.stop() == 0


def test_the_documentation_names_every_setting():
    documented = (Path(__file__).parents[2] / "docs" / "online.md").read_text()
    of_vertex = {"model", "port", "health_route", "predict_route", "reading"}
    names = [each.name for each in (*fields(Settings), *fields(Reading)) if each.name not in of_vertex]
    assert [name for name in names if f"`GRADUATE_{name.upper()}`" not in documented] == []
