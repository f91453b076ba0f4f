"""Fixtures that several test files share."""

import os
from collections.abc import Iterator
from pathlib import Path

import pytest

# Before any of them is loaded: threads of OpenMP wait for each other in a loop, which on a busy core takes for ever.
os.environ["OMP_NUM_THREADS"] = "1"


@pytest.fixture(scope="session")
def shared_datasets() -> Path:
    """Folder of real data sets beside the repository."""
    folder = Path(__file__).parents[2] / "shared" / "datasets"
    if not folder.is_dir():
        pytest.skip(f"needs the real data sets in {folder}")
    return folder


@pytest.fixture(scope="session")
def storage_server() -> Iterator:
    """A Cloud Storage server of this machine, one for all tests."""
    from storage_server import serving

    with serving() as server:
        yield server


@pytest.fixture
def bucket(storage_server, monkeypatch: pytest.MonkeyPatch) -> Iterator:
    """An empty bucket named `bucket` on the storage server."""
    from google.auth.credentials import AnonymousCredentials
    from google.cloud.storage import Client

    monkeypatch.setenv("STORAGE_EMULATOR_HOST", storage_server.address)
    yield Client(project="emulator", credentials=AnonymousCredentials()).create_bucket("bucket")
    storage_server.wipe()
