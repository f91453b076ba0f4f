"""A small compiled pipeline, and its input."""

from pathlib import Path

import pytest
from kfp import compiler
from toy_pipeline import toy


@pytest.fixture(scope="session")
def toy_file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The compiled toy pipeline."""
    file = tmp_path_factory.mktemp("toy") / "toy.yaml"
    compiler.Compiler().compile(toy, str(file))
    return file


@pytest.fixture
def source(tmp_path: Path) -> Path:
    """The toy pipeline's input file."""
    file = tmp_path / "rows.csv"
    file.write_text("1\n2\n3\n")
    return file
