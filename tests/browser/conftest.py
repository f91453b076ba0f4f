"""A run with a report, and a browser to look at it."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from example_run import graduated_run
from playwright.sync_api import Browser, sync_playwright

from graduate.pipelines.run_record import RunRecord

CHROMIUM = Path("/usr/bin/chromium")


@pytest.fixture
def run_record(tmp_path: Path) -> RunRecord:
    """A run that graduated."""
    return graduated_run(tmp_path / "runs" / "first")


@pytest.fixture(scope="session")
def browser() -> Iterator[Browser]:
    """Headless Chromium."""
    if not CHROMIUM.exists():
        pytest.skip(f"there is no Chromium at {CHROMIUM}")
    with sync_playwright() as playwright:
        # Containers run as root, where Chromium's sandbox does not start.
        chromium = playwright.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox"])
        yield chromium
        chromium.close()
