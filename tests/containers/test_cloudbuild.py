"""cloudbuild.yaml, as data."""

import json
import re
from pathlib import Path
from typing import Any

import pytest
import yaml

ROOT = Path(__file__).parents[2]
TEXT = (ROOT / "cloudbuild.yaml").read_text()
IMAGES = json.loads((ROOT / "containers" / "images.lock.json").read_text())["images"]
STEPS: dict[str, dict[str, Any]] = {step["id"]: step for step in yaml.safe_load(TEXT)["steps"]}
SUBSTITUTION = re.compile(r"\$\{?([A-Z_]+)")
BUILT_IN = {"BUILD_ID", "PROJECT_ID"}


def waited_for(step: str) -> set[str]:
    """All steps that must have ended before one begins."""
    direct = STEPS[step].get("waitFor", [])
    return set(direct).union(*(waited_for(other) for other in direct))


def test_steps_have_names_of_their_own() -> None:
    assert len(STEPS) == len(yaml.safe_load(TEXT)["steps"])


def test_every_image_is_built_by_its_name_once_the_tests_pass() -> None:
    for image in IMAGES:
        assert STEPS[f"build-{image}"]["args"][1] == image
        assert waited_for(f"build-{image}") == {"lint-and-test"}


def test_the_specs_are_compiled_after_every_image_was_locked() -> None:
    assert waited_for("lock-images") == {"lint-and-test", *(f"build-{image}" for image in IMAGES)}
    assert waited_for("compile") == {"lock-images", *waited_for("lock-images")}


def test_a_spec_of_every_task_and_the_lock_are_uploaded() -> None:
    for task in ("object_detection", "image_classification", "tabular_classification", "tabular_regression"):
        assert task in STEPS["compile"]["script"]
    uploaded = yaml.safe_load(TEXT)["artifacts"]["objects"]
    assert uploaded == {
        "location": "${_SPECS}/${BUILD_ID}",
        "paths": ["specs/*.yaml", "containers/images.lock.json"],
    }


@pytest.mark.parametrize("step", STEPS)
def test_no_shell_reads_a_substitution(step: str) -> None:
    assert not re.search(r"\$\{?_", STEPS[step].get("script", ""))
    assert "-c" not in STEPS[step].get("args", [])


def test_every_substitution_is_explained_and_none_has_a_default() -> None:
    configuration = yaml.safe_load(TEXT)
    used = set(SUBSTITUTION.findall(yaml.safe_dump(configuration))) - BUILT_IN
    explained = set(re.findall(r"^#   (_[A-Z_]+) +\S", TEXT, re.MULTILINE))
    assert used == explained
    assert "substitutions" not in configuration


def test_it_runs_as_an_account_of_its_own_without_secrets() -> None:
    configuration = yaml.safe_load(TEXT)
    assert configuration["serviceAccount"].endswith("/${_SERVICE_ACCOUNT}")
    assert "availableSecrets" not in configuration
    assert not any("secretEnv" in step for step in STEPS.values())
