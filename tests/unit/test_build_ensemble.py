"""Several ONNX models as one: what is learned, what is refused, and what the folder does."""

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest
from kfp import dsl
from tiny_ensembles import CAT, DOG, SIZES, by_column, coloured, finds, pets, sees, two_clues, without_times

from graduate.components.build_ensemble.build import build_ensemble
from graduate.components.build_ensemble.component import build_ensemble as door
from graduate.components.data.dataset import Dataset
from graduate.components.data.images import decode, read_image
from graduate.components.data.items import Box, Task
from graduate.components.errors import InputError
from graduate.components.evaluate.compare import compare
from graduate.components.models import predictions
from graduate.components.models.folder import ModelFolder
from graduate.components.models.inspection.inspect_model import inspect_model
from graduate.components.models.metrics import measure, truths
from graduate.components.models.predictions import to_probabilities
from graduate.components.onnx_convert.source import Source
from graduate.components.prediction.predictor import open_predictor


@dataclass
class World:
    """A data set, two members of which each knows one of two clues, and their ensemble."""

    folder: Path
    data: Dataset
    members: list[str]
    figures: dict[str, Any]

    @property
    def ensemble(self) -> Path:
        return self.folder / "ensemble"


def build(members: list[str], data: Dataset, output: Path) -> dict[str, Any]:
    return build_ensemble(members=members, dataset=str(data.path), output=str(output))


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> World:
    folder = tmp_path_factory.mktemp("ensembles")
    data = two_clues(folder / "data", Task.TABULAR_CLASSIFICATION)
    by_column(folder / "left", data, "left")
    by_column(folder / "right", data, "right", labels=("yes", "no"))
    members = [str(folder / "left"), str(folder / "right")]
    return World(folder, data, members, build(members, data, folder / "ensemble"))


def test_two_that_know_different_things_are_better_together(world: World):
    figures = world.figures
    left, right = figures["members"]
    assert left["weight"] + right["weight"] == pytest.approx(1)
    assert min(left["weight"], right["weight"]) > 0.3
    assert figures["ensemble"]["test"]["accuracy"] > max(left["test"]["accuracy"], right["test"]["accuracy"]) + 0.05
    gain = figures["gain"]["accuracy"]
    best = figures["members"][gain["best"]]["test"]["accuracy"]
    assert gain["value"] == pytest.approx(figures["ensemble"]["test"]["accuracy"] - best)
    assert 0 < gain["low"] < gain["value"] < gain["high"]
    page = (world.ensemble / "page.html").read_text()
    assert "The ensemble is better than its best member" in page
    assert "times as much as that member alone. It pays where the difference is worth that." in page


def test_the_folder_predicts_as_its_own_record_says(world: World):
    predictor = open_predictor(world.ensemble)
    rows = world.data.table("test").combine_chunks().to_batches()[0]
    said = dict(predictions.read(ModelFolder.open(world.ensemble).predictions("test")))
    assert said == dict(zip(rows["__id__"].to_pylist(), predictor.predict_rows(rows), strict=True))
    truth = truths(world.data, "test")
    assert measure(world.data.task, predictor.labels, truth, said.items()) == ModelFolder.open(world.ensemble).metrics
    assert [column["name"] for column in predictor.input["columns"]] == ["left", "right"]
    assert {file.name for file in predictor.files} == {"model.json", "model.onnx", "ensemble.json"}
    assert len(predictor.files) == 6
    assert all(file.is_file() for file in predictor.files)


def test_the_labels_of_members_are_matched_by_name(world: World):
    (said,) = open_predictor(world.ensemble).predict_rows(pa.RecordBatch.from_pydict({"left": [9.0], "right": [9.0]}))
    assert said["displayNames"] == ["yes", "no"]
    assert said["confidences"] == pytest.approx([1, 0], abs=1e-6)


def test_a_row_without_a_members_column_is_refused(world: World):
    with pytest.raises(InputError, match="'right', which the model was trained on, is absent"):
        open_predictor(world.ensemble).predict_rows(pa.RecordBatch.from_pydict({"left": [9.0]}))


def test_an_ensemble_is_compared_with_the_baseline_inspected_and_not_converted(world: World, tmp_path: Path):
    # What training would have written of the baseline.
    rows = world.data.table("test").combine_chunks().to_batches()[0]
    said = open_predictor(world.members[0]).predict_rows(rows)
    record = ModelFolder.open(world.members[0]).predictions("test")
    predictions.write(record, zip(rows["__id__"].to_pylist(), said, strict=True))
    result = compare(
        str(world.data.path), world.members[0], str(world.ensemble), str(tmp_path), str(tmp_path / "page.html")
    )
    assert result["better"] == "custom"
    assert result["custom"]["metrics"] == world.figures["ensemble"]["test"]
    assert [graph.path.parent.name for graph in inspect_model(world.ensemble).graphs] == ["1-left", "2-right"]
    with pytest.raises(InputError, match="is an ensemble, whose members are ONNX files already"):
        Source.open(world.ensemble)


def test_the_same_again_is_the_same_and_replaces_an_earlier_ensemble(world: World, tmp_path: Path):
    first = build(world.members, world.data, tmp_path / "again")
    (tmp_path / "again" / "members" / "3-old").mkdir()
    assert without_times(first) == without_times(world.figures)
    assert without_times(build(world.members, world.data, tmp_path / "again")) == without_times(world.figures)
    assert sorted(each.name for each in (tmp_path / "again" / "members").iterdir()) == ["1-left", "2-right"]


def test_weights_do_not_hang_on_the_test_split(world: World, tmp_path: Path):
    flipped = two_clues(tmp_path / "flipped", Task.TABULAR_CLASSIFICATION, flipped_test=True)
    by_column(tmp_path / "left", flipped, "left")
    by_column(tmp_path / "right", flipped, "right", labels=("yes", "no"))
    figures = build([str(tmp_path / "left"), str(tmp_path / "right")], flipped, tmp_path / "ensemble")
    weights = [[member["weight"] for member in each["members"]] for each in (figures, world.figures)]
    assert weights[0] == weights[1]
    assert figures["ensemble"]["test"]["accuracy"] < 0.2


def test_what_was_fitted_on_validation_rows_is_weighed_by_what_it_said_before(world: World, tmp_path: Path):
    data = world.data
    baseline = by_column(tmp_path / "baseline", data, "by_heart", framework="scikit-learn")
    with pytest.raises(InputError, match="in the end fitted on the validation rows as well, and has no predictions"):
        build([world.members[0], str(baseline.path)], data, tmp_path / "ensemble")
    before = {"displayNames": ["yes", "no"], "confidences": [0.5, 0.5]}
    ids = data.table("validation")["__id__"].to_pylist()
    predictions.write(baseline.predictions("validation"), ((identity, before) for identity in ids))
    figures = build([world.members[0], str(baseline.path)], data, tmp_path / "ensemble")
    assert [member["recorded"] for member in figures["members"]] == [False, True]
    assert figures["members"][1]["weight"] < 0.2
    # Asked now, as one that was never fitted on them would be, it would have taken all.
    by_column(tmp_path / "fresh", data, "by_heart")
    trusted = build([world.members[0], str(tmp_path / "fresh")], data, tmp_path / "trusted")
    assert trusted["members"][1]["weight"] > 0.8
    assert "so the weight comes from what was recorded" in (tmp_path / "ensemble" / "page.html").read_text()


def test_a_record_that_leaves_rows_out_is_refused(world: World, tmp_path: Path):
    baseline = by_column(tmp_path / "baseline", world.data, "right", framework="lightgbm")
    predictions.write(baseline.predictions("validation"), [("table.csv:12", {"displayNames": [], "confidences": []})])
    with pytest.raises(InputError, match="does not hold each item of the validation split once"):
        build([world.members[0], str(baseline.path)], world.data, tmp_path / "ensemble")


def test_a_member_alone_is_the_ensemble_where_another_adds_nothing(world: World, tmp_path: Path):
    by_column(tmp_path / "copy", world.data, "left")
    figures = build([world.members[0], str(tmp_path / "copy")], world.data, tmp_path / "ensemble")
    assert [member["weight"] for member in figures["members"]] == [1, 0]
    assert figures["gain"]["accuracy"]["value"] == 0
    assert [each.name for each in (tmp_path / "ensemble" / "members").iterdir()] == ["1-left"]
    assert "No mixture is better than one member alone" in (tmp_path / "ensemble" / "page.html").read_text()


def test_numbers_are_averaged(tmp_path: Path):
    data = two_clues(tmp_path / "data", Task.TABULAR_REGRESSION)
    members = [str(by_column(tmp_path / name, data, name, slope=1.5).path) for name in ("left", "right")]
    figures = build(members, data, tmp_path / "ensemble")
    weights = [member["weight"] for member in figures["members"]]
    assert figures["learned_by"] == "rmse"
    assert figures["gain"]["rmse"]["high"] < 0
    (said,) = open_predictor(tmp_path / "ensemble").predict_rows(
        pa.RecordBatch.from_pydict({"left": [2.0], "right": [4.0]})
    )
    assert said["value"] == pytest.approx(3 * weights[0] + 6 * weights[1])


def test_detectors_of_different_animals_find_both_together(tmp_path: Path):
    data = pets(tmp_path, {"train": 2, "validation": 12, "test": 12})
    members = [str(finds(tmp_path / box.label, data, box).path) for box in (CAT, DOG)]
    figures = build(members, data, tmp_path / "ensemble")
    assert [member["test"]["ap50"] for member in figures["members"]] == pytest.approx([0.5, 0.5])
    assert figures["ensemble"]["test"]["ap"] == pytest.approx(1)
    predictor = open_predictor(tmp_path / "ensemble")
    said = predictions.read(ModelFolder.open(tmp_path / "ensemble").predictions("test"))
    for item, (identity, prediction) in zip(data.items("test"), said, strict=True):
        assert (identity, [prediction]) == (item.id, predictor.predict_images([decode(read_image(item))]))
    assert prediction["displayNames"] == ["cat", "dog"]
    with pytest.raises(TypeError):
        predictor.predict_rows(pa.RecordBatch.from_pydict({"left": [2.0]}))


def test_a_detector_that_only_harms_gets_no_weight(tmp_path: Path):
    data = pets(tmp_path, {"train": 2, "validation": 12, "test": 12})
    beside = Box("cat", 0.6, 0.2, 0.9, 0.6)
    members = [str(finds(tmp_path / name, data, box).path) for name, box in (("right", CAT), ("wrong", beside))]
    figures = build(members, data, tmp_path / "ensemble")
    assert [member["weight"] for member in figures["members"]] == [1, 0]
    assert figures["ensemble"]["validation"] == figures["members"][0]["validation"]


def test_of_several_labels_each_is_averaged_by_itself(tmp_path: Path):
    data = coloured(tmp_path, {"train": 3, "validation": 30, "test": 30})
    assert data.is_multi_label
    members = [
        str(sees(tmp_path / "one", data, "red", "green").path),
        str(sees(tmp_path / "two", data, "green", "blue").path),
    ]
    figures = build(members, data, tmp_path / "ensemble")
    assert (figures["metric"], figures["learned_by"]) == ("map", "log_loss")
    assert figures["ensemble"]["test"]["map"] > max(member["test"]["map"] for member in figures["members"]) + 0.05
    predictor = open_predictor(tmp_path / "ensemble")
    assert predictor.is_multi_label
    item = next(data.items("test"))
    (said,) = predictor.predict_images([decode(read_image(item))])
    alone = [open_predictor(member).predict_images([decode(read_image(item))])[0] for member in members]
    expected = sum(
        row["weight"] * to_probabilities(data.labels, each) for row, each in zip(figures["members"], alone, strict=True)
    )
    assert to_probabilities(data.labels, said) == pytest.approx(expected)


def test_members_that_do_not_go_together_are_refused_in_a_sentence(world: World, tmp_path: Path):
    data, left = world.data, world.members[0]
    others = {
        "other_labels": {"labels": ("no", "yes", "perhaps")},
        "other_data": {"dataset_digests": {**data.digests, "train": "0" * 64}},
        "silent": {"dataset_digests": {}},
        "service": {"framework": "vertex"},
    }
    for name, fields in others.items():
        by_column(tmp_path / name, data, "right", **fields)
    by_column(tmp_path / "unconverted", data, "right").onnx.unlink()
    expected = {
        "other_labels": "do not have the same labels, 'perhaps' is in one of them only",
        "other_data": "its train split is another one",
        "silent": "or does not say on which",
        "service": "is a model of Vertex AI",
        "unconverted": "has no model.onnx: convert the model first",
    }
    for name, sentence in expected.items():
        with pytest.raises(InputError, match=sentence):
            build([left, str(tmp_path / name)], data, tmp_path / "ensemble")
    for members, sentence in {
        (left,): "2 to 8 members, 1 are given",
        (left, left): "is given twice",
        (left, str(world.ensemble)): "is an ensemble itself",
    }.items():
        with pytest.raises(InputError, match=sentence):
            build(list(members), data, tmp_path / "ensemble")
    assert not (tmp_path / "ensemble").exists()


def test_an_output_that_holds_something_else_is_left_alone(world: World, tmp_path: Path):
    (tmp_path / "thesis.txt").write_text("years of work")
    with pytest.raises(InputError, match=r"holds 'thesis.txt', which no ensemble has"):
        build(world.members, world.data, tmp_path)
    with pytest.raises(InputError, match="lie in one another"):
        build(world.members, world.data, world.folder / "left")
    assert sorted(each.name for each in (world.folder / "left").iterdir()) >= ["model.json", "model.onnx"]


def test_a_member_that_answers_no_number_is_refused(world: World, tmp_path: Path):
    by_column(tmp_path / "broken", world.data, "right", slope=float("inf"))
    with pytest.raises(InputError, match=r"broken answers a number that is not finite for 'table.csv:12'"):
        build([world.members[0], str(tmp_path / "broken")], world.data, tmp_path / "ensemble")


def test_the_door_takes_a_baseline_and_a_custom_model(world: World, tmp_path: Path):
    left, right = world.members
    outputs = {"model": dsl.Model(uri=f"{tmp_path}/model"), "page": dsl.HTML(uri=f"{tmp_path}/page.html")}
    metrics = dsl.Metrics(uri=f"{tmp_path}/metrics")
    inputs = {"baseline": dsl.Model(uri=left), "custom": dsl.Model(uri=right)}
    door.python_func(dataset=dsl.Dataset(uri=str(world.data.path)), **inputs, **outputs, metrics=metrics)
    assert metrics.metadata["weight_1"] == world.figures["members"][0]["weight"]
    assert metrics.metadata["gain"] == world.figures["gain"]["accuracy"]["value"]
    assert metrics.metadata["accuracy"] == world.figures["ensemble"]["test"]["accuracy"]
    assert (tmp_path / "page.html").is_file()
    assert open_predictor(tmp_path / "model").labels == ["no", "yes"]


def test_too_few_validation_items_are_refused(tmp_path: Path):
    data = two_clues(tmp_path / "data", Task.TABULAR_CLASSIFICATION, {**SIZES, "validation": 9})
    members = [str(by_column(tmp_path / name, data, name).path) for name in ("left", "right")]
    with pytest.raises(InputError, match="the validation split has 9 labelled items, and weights are learned from 10"):
        build(members, data, tmp_path / "ensemble")


def test_too_few_test_items_are_refused(tmp_path: Path):
    data = two_clues(tmp_path / "data", Task.TABULAR_CLASSIFICATION, {**SIZES, "test": 9})
    with pytest.raises(InputError, match=r"the test split of .* has 9 items, and an ensemble is judged on 10"):
        build([str(tmp_path / "left"), str(tmp_path / "right")], data, tmp_path / "ensemble")


@pytest.mark.parametrize(
    "change",
    [
        {"format": 2},
        {"weights": {}},
        {"weights": {"1-left": 0.7, "2-right": 0.7}},
        {"weights": {"../left": 1.0}},
        {"weights": {"1-left": float("nan")}},
        {"iou_threshold": "wide"},
    ],
)
def test_a_damaged_description_is_said(world: World, tmp_path: Path, change: dict[str, Any]):
    (tmp_path / "model.json").write_bytes((world.ensemble / "model.json").read_bytes())
    described = json.loads((world.ensemble / "ensemble.json").read_text())
    (tmp_path / "ensemble.json").write_text(json.dumps(described | change))
    with pytest.raises(InputError, match=r"ensemble\.json is not the description of an ensemble of this version"):
        open_predictor(tmp_path)
