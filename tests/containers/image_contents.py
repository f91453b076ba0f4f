"""What an image holds and what it must not: run inside the image while it is built (see Dockerfile)."""

import ast
import importlib
import importlib.util
import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

HOLDS = {
    "automl": [
        "cleanvision",
        "flaml",
        "ftfy",
        "google.cloud.aiplatform",
        "imagehash",
        "lightgbm",
        "onnxruntime",
        "pandera",
        "skl2onnx",
    ],
    "autogluon": ["catboost", "graduate.components.automl_baseline.tabular.autogluon", "lightgbm", "xgboost"],
    "tensorflow": [
        "google.cloud.aiplatform",
        "optuna",
        "pycocotools",
        "pydantic",
        "sklearn",
        "tensorboard",
        "tensorflow",
        "yaml",
    ],
    "onnx": ["onnxruntime", "tensorflow", "tf2onnx"],
    "predict": ["graduate.components.online.server", "onnxruntime", "orjson", "pycocotools", "simplejpeg", "sklearn"],
    "beam": ["apache_beam", "onnxruntime", "orjson"],
}
LACKS = {
    "automl": ["tensorflow"],
    "autogluon": ["tensorflow", "torch"],
    "tensorflow": ["onnxruntime"],
    "onnx": ["google.cloud.aiplatform"],
    "predict": ["google.cloud.aiplatform", "kfp_server_api", "kubernetes", "tensorflow"],
    "beam": ["tensorflow"],
}
# What a room imports lazily because the images of its doors differ.
_OF_TENSORFLOW = {
    "graduate.components.automl_baseline.images.detection",
    "graduate.components.automl_baseline.images.classification",
}
_ON_VERTEX = {
    "graduate.components.batch_predict.vertex.engine",
    "graduate.components.batch_predict.vertex.registered",
}
_ON_BEAM = {"graduate.components.batch_predict.beam.engine"}
OF_OTHER_IMAGES = {name: set[str]() for name in HOLDS} | {
    "automl": _OF_TENSORFLOW | _ON_BEAM,
    "predict": _ON_VERTEX | _ON_BEAM,
    "beam": _ON_VERTEX,
    "autogluon": _OF_TENSORFLOW,
    "tensorflow": {
        "graduate.components.automl_baseline.forecasting.baseline",
        "graduate.components.automl_baseline.tabular.baseline",
    },
}
IMAGE = os.environ["IMAGE"]
COMPONENTS = Path(importlib.import_module("graduate.components").__path__[0])


def rooms() -> set[str]:
    """Modules of graduate that the doors of this image open, and those that these import only when they need them."""
    files = COMPONENTS.rglob("component.py")
    opened = {node.module for file in files for door in doors(ast.parse(file.read_text())) for node in imports(door)}
    modules = {module for module in opened if module and module.startswith("graduate.")}
    return modules | {lazy for module in modules for lazy in lazy_imports(module)} - OF_OTHER_IMAGES[IMAGE]


def doors(file: ast.Module) -> list[ast.FunctionDef]:
    """The doors of this image in a file: `@dsl.component(...) def door` and `name = dsl.component(...)(door)`."""
    here = f"image('{IMAGE}')"
    called = {
        ast.unparse(node.value.args[0])
        for node in file.body
        if isinstance(node, ast.Assign) and isinstance(node.value, ast.Call) and here in ast.unparse(node.value.func)
    }
    return [
        node
        for node in file.body
        if isinstance(node, ast.FunctionDef)
        and (node.name in called or any(here in ast.unparse(decorator) for decorator in node.decorator_list))
    ]


def imports(tree: ast.AST) -> list[ast.ImportFrom]:
    return [node for node in ast.walk(tree) if isinstance(node, ast.ImportFrom)]


def lazy_imports(module: str) -> set[str]:
    """Modules beside it that the functions of a module import."""
    file = ast.parse(COMPONENTS.joinpath(*module.split(".")[2:]).with_suffix(".py").read_text())
    functions = [node for node in file.body if isinstance(node, ast.FunctionDef)]
    package = module.rpartition(".")[0]
    return {f"{package}.{node.module}" for function in functions for node in imports(function) if node.level == 1}


@pytest.mark.parametrize("module", [*HOLDS[IMAGE], *sorted(rooms())])
def test_imports(module: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("_KFP_RUNTIME", "true")  # as where components run; else kfp wants what images lack of it
    importlib.import_module(module)


@pytest.mark.parametrize("package", LACKS[IMAGE])
def test_does_not_hold(package: str) -> None:
    assert not present(package)


def present(module: str) -> bool:
    """Whether a module can be found; its parent packages may be missing too."""
    try:
        return importlib.util.find_spec(module) is not None
    except ModuleNotFoundError:
        return False


def test_has_the_templates_of_pages() -> None:
    pages = importlib.import_module("graduate.components.reports.page")
    assert pages.environment().get_template("reports/templates/base.html")


def test_runs_a_component_with_nothing_of_kfp_but_its_executor(tmp_path: Path) -> None:
    component = tmp_path / "component.py"
    component.write_text("def double(number: int) -> int:\n    return 2 * number\n")
    output = tmp_path / "output.json"
    task = {
        "inputs": {"parameterValues": {"number": 21}},
        "outputs": {"parameters": {"Output": {"outputFile": str(tmp_path / "Output")}}, "outputFile": str(output)},
    }
    command = [sys.executable, "-m", "kfp.dsl.executor_main", "--component_module_path", str(component)]
    subprocess.run(
        [*command, "--function_to_execute", "double", "--executor_input", json.dumps(task)],
        env={**os.environ, "_KFP_RUNTIME": "true"},
        check=True,
    )
    assert json.loads(output.read_text())["parameterValues"] == {"Output": 42}
