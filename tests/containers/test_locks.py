"""The requirements that are locked for the images and for this machine."""

import json
import re
from pathlib import Path

import pytest

CONTAINERS = Path(__file__).parents[2] / "containers"
IMAGES = sorted(json.loads((CONTAINERS / "images.lock.json").read_text())["images"])
# The others' dependencies exclude those of this machine (see their requirements.in).
SAME_AS_LOCAL = ["automl", "onnx", "predict", "tensorflow"]
PIN = re.compile(r"^(?P<name>[a-z0-9.-]+)==(?P<version>\S+)", re.MULTILINE)


def pins(name: str) -> dict[str, str]:
    """Version of each locked distribution."""
    return dict(PIN.findall((CONTAINERS / name / "requirements.lock").read_text()))


def test_every_image_has_a_folder_with_its_recipe_and_its_lock() -> None:
    folders = sorted(path.parent.name for path in CONTAINERS.glob("*/Dockerfile"))
    assert folders == IMAGES
    assert all(pins(image) for image in IMAGES)


@pytest.mark.parametrize("name", ["local", *IMAGES])
def test_every_requirement_is_pinned_and_hashed_and_names_no_index(name: str) -> None:
    for line in (CONTAINERS / name / "requirements.lock").read_text().replace("\\\n", "").splitlines():
        assert line.startswith("#") or re.match(r"[a-z0-9.-]+==\S+( ; [^-]+)?( +--hash=sha256:[0-9a-f]{64})+$", line)


@pytest.mark.parametrize("image", SAME_AS_LOCAL)
def test_an_image_has_the_versions_that_the_tests_ran_with(image: str) -> None:
    local = (CONTAINERS / "local" / "requirements.lock").read_text()
    accelerator_libraries = {name for name in pins(image) if name.startswith("nvidia-")}
    for name, version in pins(image).items():
        assert name in accelerator_libraries or f"\n{name}=={version} " in local


def test_kfp_has_one_version_everywhere() -> None:
    assert len({pins(name)["kfp"] for name in ("local", *IMAGES)}) == 1


@pytest.mark.parametrize("image", IMAGES)
def test_an_image_has_kfp_without_what_it_depends_on(image: str) -> None:
    assert not pins(image).keys() & {"kfp-server-api", "kfp-pipeline-spec", "kubernetes"}
