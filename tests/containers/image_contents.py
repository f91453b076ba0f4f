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
    "automl": ["cleanlab", "google.cloud.aiplatform", "imagehash", "onnxruntime", "sklearn", "skl2onnx"],
    "autogluon": ["autogluon.tabular", "catboost", "xgboost"],
    "tensorflow": ["pycocotools", "sklearn", "tensorflow"],
    "onnx": ["onnxruntime", "tensorflow", "tf2onnx"],
    "predict": ["onnxruntime", "orjson", "pycocotools", "sklearn"],
    "beam": ["apache_beam", "onnxruntime", "orjson"],
}
LACKS = {
    "automl": ["tensorflow"],
    "autogluon": ["google.cloud.aiplatform", "tensorflow"],
    "tensorflow": ["google.cloud.aiplatform", "onnxruntime"],
    "onnx": ["google.cloud.aiplatform"],
    "predict": ["google.cloud.aiplatform", "kfp_server_api", "kubernetes", "tensorflow"],
    "beam": ["tensorflow"],
}
IMAGE = os.environ["IMAGE"]


def rooms() -> list[str]:
    """Modules of graduate that the doors of this image open."""
    doors = [
        function
        for path in Path(importlib.import_module("graduate.components").__path__[0]).glob("*/component.py")
        for function in ast.parse(path.read_text()).body
        if isinstance(function, ast.FunctionDef)
        and any(f"image('{IMAGE}')" in ast.unparse(decorator) for decorator in function.decorator_list)
    ]
    imports = [node.module for door in doors for node in ast.walk(door) if isinstance(node, ast.ImportFrom)]
    return sorted({module for module in imports if module and module.startswith("graduate.")})


@pytest.mark.parametrize("module", [*HOLDS[IMAGE], *rooms()])
def test_imports(module: str) -> None:
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
