"""Puts several ONNX models together as one, with weights learned on the validation split."""

import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from ..data.dataset import Dataset
from ..models.folder import MULTI_LABEL, ModelFolder
from ..models.measured import measure_on_test
from ..models.onnx_runner import OnnxRunner
from .answers import ask, ask_honestly, combined
from .figures import Said, figures_of
from .learn import Learned, learn
from .members import common_input, open_members
from .output_folder import check_output, folder_names, write_folder
from .report import write_ensemble_page


def build_ensemble(members: list[str], dataset: str, output: str, page: str = "", seed: int = 0) -> dict[str, Any]:
    """Puts models together: the weighted mean of their probabilities or values, or their fused boxes.

    The weights are learned on the validation split, by log loss, squared error or average precision; by that the
    ensemble is never worse there than its best member. The test split only says what came of it.

    Args:
        members: 2 to 8 model folders with model.onnx, trained on the same data set.
        dataset: folder of that data set.
        output: model folder to write, which is served and predicted with as any other.
        page: HTML page to write; page.html in the output folder where not given.
        seed: of the bootstrap.

    Returns:
        Each member's weight, metrics, size and time, those of the ensemble, and its gain over the best member, see
        `figures.Figures`.

    Raises:
        InputError: the members do not go together, or there is too little to learn the weights from.
    """
    data, out = Dataset.open(dataset), Path(output)
    opened = open_members(members, data)
    check_output(out, opened)
    model = _describe(out, opened, data, seed)
    said, learned = _ask_and_learn(opened, model, data)
    measure_on_test(model, data, said[-1].test)
    figures = figures_of(model, opened, data, learned, said)
    model.parameters |= figures
    weighted = zip(folder_names(opened), opened, learned.weights.tolist(), strict=True)
    answers = {"validation": said[-1].validation, "test": said[-1].test}
    write_folder(model, [each for each in weighted if each[-1]], learned.iou_threshold, answers)
    write_ensemble_page(Path(page) if page else out / "page.html", model, figures, data)
    for member in figures["members"]:
        print(f"{member['weight']:.3f}  {member['name']} ({member['folder']})", flush=True)
    return dict(figures)


def _describe(output: Path, members: Sequence[ModelFolder], dataset: Dataset, seed: int) -> ModelFolder:
    """The model folder with what is known before anything is learned; not saved."""
    names = list(dict.fromkeys(member.name for member in members))
    said = " and ".join(names) if len(names) == len(members) == 2 else f"{len(members)} models"
    return ModelFolder(
        path=output,
        name=f"Ensemble of {said}",
        task=dataset.task,
        labels=members[0].labels,
        framework="onnx",
        pretrained="Trained models put together, each with weights of its own: see the folder members.",
        dataset_digests=dataset.digests,
        input=common_input(members),
        parameters={MULTI_LABEL: True} if dataset.is_multi_label else {},
        seed=seed,
    )


def _ask_and_learn(members: Sequence[ModelFolder], model: ModelFolder, dataset: Dataset) -> tuple[list[Said], Learned]:
    """What each member said and, last, the ensemble of what was learned from it."""
    runners = [OnnxRunner(member) for member in members]
    assert model.input["kind"] != "series"
    validation = ask_honestly(runners, dataset, model.input)
    learned = learn(dataset, model.labels, validation)
    test = ask(runners, dataset, "test", model.input)
    said = [Said(*each) for each in zip(validation, test.answers, test.seconds, strict=True)]
    return [*said, _said_by_all(learned, model.labels, said)], learned


def _said_by_all(learned: Learned, labels: Sequence[str], said: Sequence[Said]) -> Said:
    how = (learned.weights, labels, learned.iou_threshold)
    validation = combined([each.validation for each in said], *how)
    start = time.thread_time()
    test = combined([each.test for each in said], *how)
    seconds = (time.thread_time() - start) / len(test)
    asked = zip(learned.weights, said, strict=True)
    return Said(validation, test, seconds + sum(each.seconds for weight, each in asked if weight))
