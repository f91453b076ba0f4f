"""The lock of the images' digests."""

import json
from pathlib import Path

import pytest

from graduate.components.errors import InputError
from graduate.containers.lock_images import lock_images

PREDICT = f"host/project/graduate/predict@sha256:{'a' * 64}"
ONNX = f"host/project/graduate/onnx@sha256:{'b' * 64}"


@pytest.fixture
def lock(tmp_path: Path) -> Path:
    path = tmp_path / "images.lock.json"
    path.write_text(json.dumps({"repository": "graduate", "images": {"predict": None, "onnx": None}}))
    return path


@pytest.fixture
def digests(tmp_path: Path) -> Path:
    folder = tmp_path / "digests"
    folder.mkdir()
    (folder / "predict").write_text(f"{PREDICT}\n")
    (folder / "onnx").write_text(f"{ONNX}\n")
    return folder


def test_every_image_gets_its_digest(lock: Path, digests: Path) -> None:
    lock_images(digests, lock)

    assert json.loads(lock.read_text()) == {
        "repository": "host/project/graduate",
        "images": {"predict": f"sha256:{'a' * 64}", "onnx": f"sha256:{'b' * 64}"},
    }


@pytest.mark.parametrize(
    ("reference", "message"),
    [
        ("", "instead of REPOSITORY/onnx@sha256"),
        ("host/project/graduate/onnx:latest", "instead of"),
        (PREDICT, "instead of"),
        (ONNX.replace("project", "other"), "several repositories: host/other/graduate, host/project/graduate"),
    ],
)
def test_a_reference_that_is_not_this_image_by_digest_leaves_the_lock_as_it_was(
    lock: Path, digests: Path, reference: str, message: str
) -> None:
    before = lock.read_bytes()
    (digests / "onnx").write_text(reference)

    with pytest.raises(InputError, match=message):
        lock_images(digests, lock)
    assert lock.read_bytes() == before


def test_an_image_that_was_not_pushed_is_named(lock: Path, digests: Path) -> None:
    (digests / "onnx").unlink()

    with pytest.raises(InputError, match="push the image onnx first"):
        lock_images(digests, lock)
