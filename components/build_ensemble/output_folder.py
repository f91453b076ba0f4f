"""The folder of an ensemble: written whole or not at all, since model.json comes last."""

import re
import shutil
from collections.abc import Sequence
from pathlib import Path

from ..errors import InputError
from ..models import predictions as prediction_files
from ..models.folder import ModelFolder
from ..prediction.ensemble import ENSEMBLE, MEMBERS, write_combination
from .answers import Answers

_WRITTEN = {"model.json", ENSEMBLE, MEMBERS, "predictions", "page.html"}


def check_output(output: Path, members: Sequence[ModelFolder]) -> None:
    """Refuses, before any work, an output that would replace anything but an earlier ensemble.

    Raises:
        InputError: it holds something else, or lies in a member or around one.
    """
    place = output.resolve()
    for member in members:
        path = member.path.resolve()
        if path.is_relative_to(place) or place.is_relative_to(path):
            raise InputError(f"the output {output} and the member {member.path} lie in one another: give a new folder")
    if output.exists() and not output.is_dir():
        raise InputError(f"the output {output} is a file: give a folder")
    others = sorted(each.name for each in output.iterdir() if each.name not in _WRITTEN) if output.exists() else []
    if others:
        raise InputError(f"{output} holds {others[0]!r}, which no ensemble has: give a new folder")


def folder_names(members: Sequence[ModelFolder]) -> list[str]:
    """Names for the members' folders, such as `1-custom-network`: each its own, and safe on every file system."""
    words = (re.sub(r"[^a-z0-9]+", "-", member.name.lower()).strip("-") or "model" for member in members)
    return [f"{place}-{each[:40].rstrip('-')}" for place, each in enumerate(words, 1)]


def write_folder(
    model: ModelFolder,
    members: Sequence[tuple[str, ModelFolder, float]],
    iou_threshold: float | None,
    answers: dict[str, Answers],
) -> None:
    """Writes the folder.

    Args:
        model: description of the ensemble; its path is the folder.
        members: folder name, model and positive weight of each.
        iou_threshold: of box fusion, or None.
        answers: predictions of each split.
    """
    (model.path / "model.json").unlink(missing_ok=True)
    for name in (MEMBERS, "predictions"):
        shutil.rmtree(model.path / name, ignore_errors=True)
    for name, member, _ in members:
        folder = model.path / MEMBERS / name
        folder.mkdir(parents=True)
        shutil.copyfile(member.onnx, folder / "model.onnx")
        shutil.copyfile(member.path / "model.json", folder / "model.json")
    write_combination(model.path, {name: weight for name, _, weight in members}, iou_threshold)
    for split, of_split in answers.items():
        prediction_files.write(model.predictions(split), of_split.items())
    model.save()
