"""The compiled specs are the golden ones, and keep what every spec of this library promises."""

from pathlib import Path

import pytest
import yaml
from accept import compiled, golden_file

from graduate.components.data.items import Task
from graduate.components.data_quality_gate.rules import RULES
from graduate.components.errors import InputError
from graduate.pipelines.cli import compile_pipeline
from graduate.pipelines.graduation import TRAINABLE
from graduate.pipelines.parameters import read_parameters

GOLDEN = sorted(Path(__file__).parent.glob("*.yaml"))


def tasks_of(spec):
    """Every task of a spec, those of its nested DAGs too."""
    for dag in (spec["root"], *spec["components"].values()):
        yield from dag.get("dag", {}).get("tasks", {}).values()


def executors_of(spec):
    """Name and container of every executor but importers, which run in no container."""
    executors = spec["deploymentSpec"]["executors"].items()
    return {name: each["container"] for name, each in executors if "container" in each}


@pytest.fixture(params=GOLDEN, ids=lambda path: path.stem)
def spec(request):
    return yaml.safe_load(request.param.read_text(encoding="utf-8"))


@pytest.fixture(params=[path for path in GOLDEN if path.stem.startswith("graduation")], ids=lambda path: path.stem)
def graduation(request):
    return yaml.safe_load(request.param.read_text(encoding="utf-8"))


def test_every_task_has_a_golden_spec():
    assert [golden_file(task) for task in (None, *sorted(Task))] == GOLDEN


@pytest.mark.parametrize("task", Task)
def test_only_a_task_with_a_custom_model_graduates(task):
    assert any("fine-tune" in name for name in executors_of(compiled(task))) == (task in TRAINABLE)


def test_with_autogluon_the_baseline_has_another_image_and_effort(tmp_path):
    compile_pipeline("graduation", task=Task.TABULAR_REGRESSION, output=tmp_path / "a.yaml", autogluon=True)
    spec = yaml.safe_load((tmp_path / "a.yaml").read_text(encoding="utf-8"))
    assert "graduate/autogluon" in executors_of(spec)["exec-automl-baseline"]["image"]
    assert spec["root"]["inputDefinitions"]["parameters"]["baseline_effort"]["defaultValue"] == "autogluon"
    with pytest.raises(InputError, match="AutoGluon is for tables"):
        compile_pipeline("graduation", task=Task.OBJECT_DETECTION, output=tmp_path / "b.yaml", autogluon=True)


@pytest.mark.parametrize("task", [None, *Task])
def test_a_compiled_spec_is_the_golden_one(task):
    golden = yaml.safe_load(golden_file(task).read_text(encoding="utf-8"))
    assert compiled(task) == golden, "accept the change with `make golden` if it is meant"


def test_nothing_is_installed_at_run_time(spec):
    assert "pip install" not in yaml.safe_dump(spec)


def test_every_image_is_pinned_by_digest_or_said_to_be_unbuilt(spec):
    for name, container in executors_of(spec).items():
        _, _, version = container["image"].rpartition("@sha256:")
        assert len(version) == 64 or container["image"].endswith(":unbuilt"), name


def test_every_container_has_limits(spec):
    for name, container in executors_of(spec).items():
        assert container["resources"].keys() >= {"resourceCpuLimit", "resourceMemoryLimit"}, name


def test_every_task_has_a_display_name_retries_and_a_caching_decision(spec):
    leaves = [task for task in tasks_of(spec) if f"exec-{task['componentRef']['name'][5:]}" in executors_of(spec)]
    assert len(leaves) == len(executors_of(spec))
    for task in leaves:
        assert " " in task["taskInfo"]["name"], "a display name reads as prose"
        assert task["retryPolicy"]["maxRetryCount"] > 0
        assert task["retryPolicy"]["backoffFactor"] > 1
        assert "cachingOptions" in task


def test_the_parameters_are_the_fixed_names_and_described(graduation):
    parameters = graduation["root"]["inputDefinitions"]["parameters"]
    assert set(parameters) == {
        "dataset", "label_column", "group_column", "time_column", "series_column", "horizon",
        "target_metric", "target_value", "judge_by", "fix_below", "deploy_above", "reference", "engine", "accept",
        "decision", "baseline_effort", "baseline_time_limit",
        "vertex_project", "vertex_location", "vertex_staging", "vertex_budget_milli_node_hours", "vertex_model_type",
        "vertex_network", "vertex_encryption_key", "vertex_service_account", "vertex_labels",
        "vertex_export_formats", "vertex_export_image", "vertex_disable_early_stopping",
        "train_steps", "fine_tune_checkpoint", "fine_tune_config", "fine_tune_architecture", "fine_tune_module",
        "checkpoint_dir", "onnx_opset", "onnx_precision", "onnx_budget", "onnx_forms", "seed",
    }  # fmt: skip
    assert all(each["description"] for each in parameters.values())
    assert [name for name, each in parameters.items() if "defaultValue" not in each] == ["dataset"]


def test_the_choices_of_a_parameter_are_read_from_its_description(graduation):
    parameters = read_parameters(graduation["root"]["inputDefinitions"]["parameters"])
    assert parameters["accept"].takes_several
    assert set(parameters["accept"].choices) == set(RULES)
    assert parameters["engine"].choices == ("local", "vertex")
    can_graduate = any("fine-tune" in name for name in executors_of(graduation))
    decisions = ("auto", "fix_data", "graduate", "deploy_baseline")
    assert parameters["decision"].choices == tuple(each for each in decisions if can_graduate or each != "graduate")
    assert parameters["dataset"].is_location
    assert parameters["fine_tune_checkpoint"].keyword == "imagenet"
