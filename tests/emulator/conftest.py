"""An emulator per test, and what to send to it."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from google.auth.credentials import AnonymousCredentials
from google.cloud import aiplatform
from google.cloud.aiplatform import jobs, training_jobs
from google.cloud.storage import Bucket
from small_pipeline import BUILT, compile_pipeline

from graduate.emulator.server import Emulator
from graduate.pipelines.cloud import Cloud


@pytest.fixture
def emulator() -> Iterator[Emulator]:
    with Emulator() as running:
        yield running


@pytest.fixture
def vertex(emulator: Emulator, bucket: Bucket, monkeypatch: pytest.MonkeyPatch) -> Emulator:
    """The emulator, with an empty bucket beside it, and the SDK pointed to both."""
    for module in (jobs, training_jobs):
        monkeypatch.setattr(module, "_JOB_WAIT_TIME", 0)
    aiplatform.init(
        project="demo",
        location="europe-west4",
        api_endpoint=emulator.endpoint,
        api_transport="rest",
        credentials=AnonymousCredentials(),
    )
    return emulator


@pytest.fixture
def engine(emulator: Emulator, bucket: Bucket, monkeypatch: pytest.MonkeyPatch) -> Emulator:
    """The emulator, with an empty bucket beside it, and the engine `vertex` of the baseline pointed to both."""
    monkeypatch.setenv("VERTEX_AI_EMULATOR_HOST", emulator.endpoint)
    return emulator


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
