"""Accepts today's compiled specs as the golden ones: `python -m tests.golden.accept` writes and prints them."""

import tempfile
from pathlib import Path
from typing import Any

import yaml

from graduate.components.data.items import Task
from graduate.pipelines.cli import compile_pipeline

FOLDER = Path(__file__).parent


def golden_file(task: Task | None) -> Path:
    """Where the golden spec of a task's graduation is, or without a task that of the batch prediction."""
    return FOLDER / (f"graduation.{task}.yaml" if task else "batch_prediction.yaml")


def compiled(task: Task | None) -> dict[str, Any]:
    """The same, compiled now."""
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "compiled.yaml"
        compile_pipeline("graduation" if task else "batch_prediction", task=task, output=file)
        return yaml.safe_load(file.read_text(encoding="utf-8"))


def main() -> None:
    """Writes every golden spec and prints it."""
    for task in (None, *Task):
        text = yaml.safe_dump(compiled(task), sort_keys=True)
        golden_file(task).write_text(text, encoding="utf-8")
        print(f"# {golden_file(task).name}\n{text}")


if __name__ == "__main__":
    main()
