"""An emulator per test, and what to send to it."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from small_pipeline import BUILT, compile_pipeline

from graduate.emulator.server import Emulator
from graduate.pipelines.cloud import Cloud


@pytest.fixture
def emulator() -> Iterator[Emulator]:
    with Emulator() as running:
        yield running


@pytest.fixture
def cloud(emulator: Emulator) -> Cloud:
    return Cloud(
        project="demo",
        location="europe-west4",
        pipeline_root="gs://bucket/runs",
        service_account="pipelines@demo.iam.gserviceaccount.com",
        network="projects/1/global/networks/inner",
        label=("team=vision",),
        api_endpoint=emulator.endpoint,
    )


@pytest.fixture
def spec(tmp_path: Path) -> Path:
    return compile_pipeline(BUILT, tmp_path / "pipeline.yaml")
