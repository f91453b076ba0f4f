"""containers/build.sh, with a `docker` that only notes how it was called."""

import os
import subprocess
from pathlib import Path

import pytest

SCRIPT = Path(__file__).parents[2] / "containers" / "build.sh"
BASE = f"python:3.11-slim@sha256:{'c' * 64}"
DOCKER = """#!/usr/bin/env bash
printf '%s\\n' "$*" >> calls
if [[ $1 == inspect ]]; then echo "host/graduate/predict@sha256:digest"; fi
"""


@pytest.fixture
def docker(tmp_path: Path) -> Path:
    """Folder that the script is run in; `calls` in it has a line per call of docker."""
    binary = tmp_path / "bin" / "docker"
    binary.parent.mkdir()
    binary.write_text(DOCKER)
    binary.chmod(0o755)
    return tmp_path


def build(docker: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    environment = {**os.environ, "PATH": f"{docker / 'bin'}:{os.environ['PATH']}"}
    return subprocess.run(
        [SCRIPT, *arguments], cwd=docker, env=environment, text=True, capture_output=True, check=False
    )


def test_an_image_is_built_pushed_and_its_digest_noted(docker: Path) -> None:
    assert build(docker, "predict", BASE, "host/graduate", "build-1").returncode == 0

    built, pushed, _ = (docker / "calls").read_text().splitlines()
    assert f"--build-arg IMAGE=predict --build-arg BASE={BASE}" in built
    assert pushed == "push --quiet host/graduate/predict:build-1"
    assert (docker / "digests" / "predict").read_text() == "host/graduate/predict@sha256:digest\n"


@pytest.mark.parametrize(("image", "user"), [("predict", 1000), ("beam", 0)])
def test_only_the_image_of_dataflow_runs_as_root(docker: Path, image: str, user: int) -> None:
    build(docker, image, BASE, "host/graduate", "build-1")
    assert f"--build-arg RUN_AS={user} " in (docker / "calls").read_text()


def test_a_base_without_a_digest_is_refused(docker: Path) -> None:
    refused = build(docker, "predict", "python:3.11-slim", "host/graduate", "build-1")

    assert refused.returncode == 65
    assert "name it by digest" in refused.stderr
    assert not (docker / "calls").exists()


def test_no_argument_is_run_as_a_command(docker: Path) -> None:
    build(docker, "predict", f"$(touch taken)`touch taken`;touch taken;{BASE}", "host/$(touch taken)", "1;touch taken")

    assert not (docker / "taken").exists()
