"""References of the container images, read from `containers/images.lock.json`.

The lock maps an image name to its digest, or to null while the image has not been built. Digests are never
invented: such an image is referenced with the tag `:unbuilt`, which runs locally and which `submit` refuses.
"""

import json
from importlib.resources import files

UNBUILT_TAG = ":unbuilt"


def image(name: str) -> str:
    """Reference of one image of `containers/`, by digest, or with the tag `:unbuilt`.

    Args:
        name: a folder name of `containers/`, such as `predict`.

    Returns:
        `REPOSITORY/NAME@sha256:...`, or `REPOSITORY/NAME:unbuilt`.

    Raises:
        KeyError: the lock has no such image.
    """
    lock = json.loads(files("graduate.containers").joinpath("images.lock.json").read_text())
    digest = lock["images"][name]
    reference = f"{lock['repository']}/{name}"
    return f"{reference}@{digest}" if digest else f"{reference}{UNBUILT_TAG}"
