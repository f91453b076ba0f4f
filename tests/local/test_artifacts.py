"""Doors with artifacts of Google Cloud's types: what they compile to, and that they run on this machine."""

from pathlib import Path
from typing import Any

import pytest
import yaml
from kfp import compiler, components, dsl, local

from graduate.components.artifacts import VertexDataset, VertexModel

NAME = "projects/demo/locations/europe-west4/models/7"


@dsl.component(base_image="python:3.11", install_kfp_package=False)
def door(resource_name: str, vertex_model: dsl.Output[VertexModel], vertex_dataset: dsl.Output[VertexDataset]) -> None:
    """Stands for a model of the service, and for no data set."""
    from graduate.components.artifacts import refer

    refer(vertex_model, resource_name)
    refer(vertex_dataset, "")


@dsl.component(base_image="python:3.11", install_kfp_package=False)
def reader(vertex_model: dsl.Input[VertexModel]) -> str:
    """Reads the resource name of a model."""
    return vertex_model.metadata["resourceName"]


@dsl.pipeline(name="referring")
def pipeline(resource_name: str) -> str:
    made = door(resource_name=resource_name)
    return reader(vertex_model=made.outputs["vertex_model"]).output


@dsl.component(base_image="python:3.11", install_kfp_package=False)
def door_to_nothing(vertex_model: dsl.Output[VertexModel]) -> None:
    """Stands for no model."""
    from graduate.components.artifacts import refer

    refer(vertex_model, "")
    print("door: refers to nothing", flush=True)


@dsl.pipeline(name="referring-to-nothing")
def without_resource() -> None:
    door_to_nothing()


@pytest.fixture
def file(tmp_path: Path) -> Path:
    compiler.Compiler().compile(pipeline, str(tmp_path / "pipeline.yaml"))
    return tmp_path / "pipeline.yaml"


def outputs(file: Path) -> dict[str, Any]:
    return yaml.safe_load(file.read_text())["components"]["comp-door"]["outputDefinitions"]["artifacts"]


def test_a_door_s_spec_carries_the_schemas_of_google(file: Path) -> None:
    types = {name: each["artifactType"] for name, each in outputs(file).items()}

    assert types == {
        "vertex_dataset": {"schemaTitle": "google.VertexDataset", "schemaVersion": "0.0.1"},
        "vertex_model": {"schemaTitle": "google.VertexModel", "schemaVersion": "0.0.1"},
    }


def test_a_compiled_door_runs_here_and_hands_the_resource_on(file: Path, tmp_path: Path) -> None:
    local.init(local.SubprocessRunner(use_venv=False), pipeline_root=str(tmp_path / "root"))

    task: Any = components.load_component_from_file(str(file))(resource_name=NAME)

    assert task.output == NAME


def test_what_stands_for_no_resource_is_reused_from_the_cache(
    tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    compiler.Compiler().compile(without_resource, str(tmp_path / "pipeline.yaml"))
    local.init(
        local.SubprocessRunner(use_venv=False),
        pipeline_root=str(tmp_path / "root"),
        enable_caching=True,
        cache_root=str(tmp_path / "cache"),
    )
    for _ in range(2):
        components.load_component_from_file(str(tmp_path / "pipeline.yaml"))()

    assert capfd.readouterr().out.count("refers to nothing") == 1
