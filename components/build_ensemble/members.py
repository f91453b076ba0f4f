"""The models that are put together: opened, and checked against one another and against the data."""

from collections.abc import Sequence
from pathlib import Path

from ..data.dataset import Dataset
from ..data.items import SPLITS, Task
from ..errors import InputError
from ..models.folder import ColumnsInput, ImageInput, InputColumn, ModelFolder
from ..prediction.ensemble import ENSEMBLE

FEWEST, MOST = 2, 8
# Of a split: weights that are learned from fewer, or a gain that is measured on fewer, say nothing.
FEWEST_ITEMS = 10

# Baselines of tables are in the end fitted on the validation rows too: what they say of these now, they know by heart.
_FITTED_ON_VALIDATION = ("scikit-learn", "lightgbm", "autogluon")


def open_members(paths: Sequence[str | Path], dataset: Dataset) -> list[ModelFolder]:
    """Opens the members of an ensemble.

    Args:
        paths: of their model folders.
        dataset: that they were all trained on.

    Raises:
        InputError: there are too few or too many, one is no ONNX model of this data set, or they do not go together.
    """
    if not FEWEST <= len(paths) <= MOST:
        raise InputError(f"an ensemble has {FEWEST} to {MOST} members, {len(paths)} are given")
    if dataset.task is Task.TABULAR_FORECASTING:
        raise InputError(f"{dataset.path} is for forecasts, which are not put together: take the best of the models")
    if (items := dataset.counts["test"]) < FEWEST_ITEMS:
        raise InputError(
            f"the test split of {dataset.path} has {items} items, and an ensemble is judged on {FEWEST_ITEMS} at least:"
            " give the data a larger one"
        )
    given = [Path(path).resolve() for path in paths]
    if twice := [path for path in given if given.count(path) > 1]:
        raise InputError(f"{twice[0]} is given twice: give each member once")
    members = [ModelFolder.open(path) for path in paths]
    for member in members:
        _check_model(member)
        _check_data(member, dataset)
        _check_labels(member, members[0])
    return members


def recorded_validation(member: ModelFolder) -> Path | None:
    """The file of what a member said of the validation items before it was fitted on them; None where it never was.

    Raises:
        InputError: it was, and what it said before is not known.
    """
    if member.framework not in _FITTED_ON_VALIDATION:
        return None
    file = member.predictions("validation")
    if not file.is_file():
        raise InputError(
            f"{member.path} was in the end fitted on the validation rows as well, and has no "
            "predictions/validation.jsonl of before that, by which its weight is learned: give the folder that "
            "automl_baseline wrote, which holds the model as ONNX too"
        )
    return file


def common_input(members: Sequence[ModelFolder]) -> ImageInput | ColumnsInput:
    """What an ensemble is called with: the columns of all its members, or the image of the largest.

    Raises:
        InputError: members take a column of the same name in different ways.
    """
    images = [member.input for member in members if member.input["kind"] == "image"]
    if images:
        return max(images, key=lambda each: each["height"] * each["width"])
    columns: dict[str, InputColumn] = {}
    for member in members:
        assert member.input["kind"] == "columns"
        for column in member.input["columns"]:
            if columns.setdefault(column["name"], column) != column:
                raise InputError(
                    f"{member.path} takes column {column['name']!r} as {column['type']}, and {members[0].path} or "
                    f"another member as {columns[column['name']]['type']}: train them on the same data set"
                )
    return {"kind": "columns", "columns": list(columns.values())}


def _check_model(member: ModelFolder) -> None:
    if (member.path / ENSEMBLE).exists():
        raise InputError(f"{member.path} is an ensemble itself: give its members, which are in its folder members")
    if member.framework == "vertex":
        raise InputError(f"{member.path} is a model of Vertex AI, which alone predicts with it: it can be no member")
    if not member.onnx.is_file():
        raise InputError(f"{member.path} has no model.onnx: convert the model first (graduate component onnx_convert)")
    recorded_validation(member)


def _check_data(member: ModelFolder, dataset: Dataset) -> None:
    if member.task is not dataset.task:
        raise InputError(f"{member.path} is a model for {member.task}, but the data set is for {dataset.task}")
    differing = [split for split in SPLITS if member.dataset_digests.get(split) != dataset.digests[split]]
    if differing:
        raise InputError(
            f"{member.path} was trained on another data set than {dataset.path}, or does not say on which (its "
            f"{differing[0]} split is another one): what it has learned may be what the ensemble is judged by, so "
            "train it on this data set"
        )


def _check_labels(member: ModelFolder, first: ModelFolder) -> None:
    apart = sorted(set(member.labels) ^ set(first.labels))
    if apart:
        raise InputError(
            f"{member.path} and {first.path} do not have the same labels, {apart[0]!r} is in one of them only: train "
            "them on the same data set"
        )
