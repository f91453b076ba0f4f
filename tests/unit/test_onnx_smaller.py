"""A smaller file takes the place of the proven one only where it is worth it, and the test split only judges."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import onnx
import pytest
from tiny_models import detector, people_dataset
from tiny_network import classifier, pages, regressor

from graduate.components.data.dataset import Dataset
from graduate.components.models.onnx_runner import OnnxRunner
from graduate.components.onnx_convert.onnx_file import OnnxFile
from graduate.components.onnx_convert.smaller import speed
from graduate.components.onnx_convert.smaller.attempt import Attempt, attempt
from graduate.components.onnx_convert.smaller.choose import choose
from graduate.components.onnx_convert.smaller.float16 import halve
from graduate.components.onnx_convert.smaller.int8 import RECIPES, Quantiser
from graduate.components.onnx_convert.smaller.record import Figures, judge, loss_of
from graduate.components.onnx_convert.smaller.timing import side_by_side

FASTER, SAME = 0.006, 0.010  # seconds of the smaller file; float32 takes 0.010
COUNTS = {"train": 24, "validation": 9, "test": 12}


@pytest.fixture
def smaller(monkeypatch: pytest.MonkeyPatch) -> dict[str, float]:
    """The seconds that smaller files take, whatever this machine does; each side is called all the same."""
    takes = {"seconds": FASTER}

    def measured(calls, **options):
        for call in calls.values():
            call()
        return dict.fromkeys(calls, takes["seconds"]) | {next(iter(calls)): 0.010}

    monkeypatch.setattr(speed, "side_by_side", measured)
    return takes


@pytest.fixture
def dataset(tmp_path: Path) -> Dataset:
    return pages(tmp_path / "pages", COUNTS)


def of_images(tmp_path: Path, precision, dataset: Dataset, outlier: float = 0.0, **options) -> tuple[Attempt, Path]:
    output = tmp_path / "smaller.onnx"
    return attempt(precision, classifier(tmp_path / "model", outlier), dataset, output, **options), output


def test_a_faster_int8_file_that_answers_as_well_is_taken(tmp_path, dataset, smaller):
    found, output = of_images(tmp_path, "int8", dataset)
    assert found.accepted, found.reason
    assert found.before
    assert found.after
    assert found.before.metric == found.after.metric == 1
    assert (
        found.after.bytes
        == output.stat().st_size
        < found.before.bytes
        == (tmp_path / "model/model.onnx").stat().st_size
    )
    assert (found.metric, found.loss, found.calibrated_on) == ("accuracy", 0, 24)
    assert found.chosen_on == "9 items of the validation split"
    assert "6 ms against 10 ms" in found.reason
    assert found.as_json()["after"]["seconds"] == 0.006


def test_the_taken_file_is_valid_and_called_as_before_at_any_size(tmp_path, dataset, smaller):
    _, output = of_images(tmp_path, "int8", dataset)
    onnx.checker.check_model(output, full_check=True)
    before, after = OnnxFile(tmp_path / "model" / "model.onnx"), OnnxFile(output)
    assert before.signature == after.signature
    for shape in ((1, 7, 9, 3), (3, 40, 30, 3)):
        images = np.random.default_rng(0).integers(0, 256, shape, dtype=np.uint8)
        answers = [run({"image_tensor": images})["probabilities"] for run in (before, after)]
        assert answers[0].shape == answers[1].shape == (shape[0], 3)
        assert np.abs(answers[0] - answers[1]).max() < 0.1
    properties = {each.key: each.value for each in onnx.load(output).metadata_props}
    assert properties["labels"] == "kept"
    assert properties["precision"] == "int8"


def test_only_the_network_is_quantised(tmp_path, dataset, smaller):
    model = classifier(tmp_path / "model")
    chosen = choose(model, dataset, tmp_path, 0.01).model.onnx
    graph = onnx.load(chosen).graph
    maker = {name: node for node in graph.node for name in node.output}
    quantised = {maker[node.input[0]].op_type for node in graph.node if node.op_type == "QuantizeLinear"}
    assert quantised & {"Conv", "Relu"}
    assert not quantised & {"Cast", "Transpose", "Resize", "Softmax"}
    assert {each.data_type for each in graph.initializer if each.name.startswith("second")} >= {onnx.TensorProto.INT8}


def test_what_is_not_faster_is_not_taken(tmp_path, dataset, smaller):
    smaller["seconds"] = SAME
    found, output = of_images(tmp_path, "int8", dataset)
    assert not found.accepted
    assert "10 ms against 10 ms" in found.reason
    assert "accuracy" not in found.reason  # which is as it was
    assert not output.exists()


def test_what_loses_more_than_the_budget_is_not_taken(tmp_path, dataset, smaller):
    found, output = of_images(tmp_path, "int8", dataset, outlier=1000.0)
    assert not found.accepted
    assert found.loss
    assert found.loss > 0.3
    assert "accuracy is" in found.reason
    assert len(found.tried) == 4  # what does not run alike everywhere too, since all else failed
    assert not output.exists()
    assert of_images(tmp_path, "int8", dataset, outlier=1000.0, budget=1.0)[0].accepted


def test_ranges_come_from_training_items_only(tmp_path, smaller):
    dark = pages(tmp_path / "pages", COUNTS, brightest={"train": 50})
    chosen = choose(classifier(tmp_path / "model"), dark, tmp_path, 0.01)
    ranges = {}
    for place in range(len(chosen.tried)):
        graph = onnx.load(tmp_path / str(place) / "model.onnx").graph
        scales = {each.name: onnx.numpy_helper.to_array(each) for each in graph.initializer}
        ranges |= {
            node.input[0]: 255 * scales[node.input[1]] for node in graph.node if node.op_type == "QuantizeLinear"
        }
    assert ranges["scaled"] <= 50 / 255 + 1e-6  # of pixels as the first layer sees them, 0..1


def test_without_validation_other_training_items_choose(tmp_path, smaller):
    data = pages(tmp_path / "pages", {"train": 9, "test": 3})
    chosen = choose(classifier(tmp_path / "model"), data, tmp_path, 0.01)
    assert chosen.calibrated_on == 5
    assert chosen.chosen_on == "4 items of the train split"


@pytest.mark.parametrize(
    ("counts", "said"),
    [
        ({"validation": 3, "test": 3}, "the train split has no labelled item"),
        ({"train": 3, "validation": 3}, "the test split has no labelled item"),
        ({"train": 1, "test": 3}, "1 labelled training items and 0 for validation"),
    ],
)
def test_without_items_nothing_is_tried(tmp_path, counts, said):
    found, output = of_images(tmp_path, "int8", pages(tmp_path / "pages", counts))
    assert not found.accepted
    assert said in found.reason
    assert found.after is None
    assert not output.exists()


def test_pictures_that_are_gone_are_set_aside(tmp_path, dataset, smaller, capsys):
    (tmp_path / "pages" / "train-0.png").unlink()
    found, _ = of_images(tmp_path, "int8", dataset)
    assert found.accepted
    assert found.calibrated_on == 23
    assert "set aside" in capsys.readouterr().out
    for file in (tmp_path / "pages").glob("train-*.png"):
        file.unlink()
    found, _ = of_images(tmp_path, "int8", dataset)
    assert "none of the training items" in found.reason


def test_a_graph_without_layers_is_refused_before_any_work(tmp_path, dataset):
    for precision in ("int8", "fp16"):
        found = attempt(precision, detector(tmp_path / "model"), dataset, tmp_path / "smaller.onnx")
        assert not found.accepted
        assert "no layers of convolutions or matrix products" in found.reason


def test_networks_of_tables_are_measured_by_their_relative_error(tmp_path, smaller):
    ages = {"train": [float(age) for age in range(1, 41)], "validation": [], "test": [3.0, 17.0, 33.0]}
    data, model = Dataset.open(people_dataset(tmp_path / "data", ages)), regressor(tmp_path / "model")
    weights = onnx.load(model.onnx)
    for each in weights.graph.initializer:
        if each.name == "out":  # an error of a tenth, so that there is one to compare with
            each.CopyFrom(onnx.numpy_helper.from_array(onnx.numpy_helper.to_array(each) * np.float32(1.1), "out"))
    onnx.save(weights, model.onnx)
    found = attempt("int8", model, data, tmp_path / "smaller.onnx", budget=0.2)
    assert found.accepted, found.reason
    assert found.metric == "rmse"
    assert found.before
    assert found.after
    assert found.loss == pytest.approx(found.after.metric / found.before.metric - 1)
    assert found.calibrated_on == 20


def test_float16_weights_halve_the_file_and_are_taken_at_the_same_speed(tmp_path, dataset, smaller):
    smaller["seconds"] = SAME
    found, output = of_images(tmp_path, "fp16", dataset)
    assert found.accepted, found.reason
    assert output.stat().st_size < 0.65 * (tmp_path / "model" / "model.onnx").stat().st_size
    images = {"image_tensor": np.random.default_rng(0).integers(0, 256, (2, 20, 20, 3), dtype=np.uint8)}
    before, after = (OnnxFile(file)(images)["probabilities"] for file in (tmp_path / "model/model.onnx", output))
    assert 0 < np.abs(before - after).max() < 1e-3
    smaller["seconds"] = 0.02
    assert not of_images(tmp_path, "fp16", dataset)[0].accepted


def test_weights_beyond_float16_stay_float32(tmp_path):
    model = classifier(tmp_path / "model", outlier=1e6)
    halve(model.onnx, tmp_path / "half.onnx")
    types = {each.name: each.data_type for each in onnx.load(tmp_path / "half.onnx").graph.initializer}
    assert types["second"] == onnx.TensorProto.FLOAT


def test_the_same_inputs_give_the_same_file(tmp_path, dataset, smaller):
    first = of_images(tmp_path, "int8", dataset)[1].read_bytes()
    assert of_images(tmp_path, "int8", dataset)[1].read_bytes() == first


def test_batch_prediction_reads_the_taken_file(tmp_path, dataset, smaller):
    _, output = of_images(tmp_path, "int8", dataset)
    model = classifier(tmp_path / "model")
    (tmp_path / "taken").mkdir()
    output.rename(tmp_path / "taken" / "model.onnx")
    red = np.full((9, 9, 3), (250, 10, 10), np.uint8)
    answer = OnnxRunner(replace(model, path=tmp_path / "taken")).predict_images([red])[0]
    assert "displayNames" in answer
    assert answer["displayNames"][0] == "red"


FP32 = Figures(1000, 0.010, 0.9)


@pytest.mark.parametrize(
    ("precision", "after", "accepted", "said"),
    [
        ("int8", Figures(300, 0.005, 0.8901), True, "a loss of 0.99 points"),
        ("int8", Figures(300, 0.005, 0.95), True, "a loss of 0.00 points"),
        ("int8", Figures(300, 0.005, 0.8899), False, "a loss of 1.01 points (1 allowed)"),
        ("int8", Figures(300, 0.0095, 0.9), False, "9.5 ms against 10 ms"),
        ("int8", Figures(300, 0.005, float("nan")), False, "nan"),
        ("fp16", Figures(500, 0.0105, 0.9), True, "50%"),
        ("fp16", Figures(500, 0.012, 0.9), False, "12 ms"),
        ("fp16", Figures(1001, 0.01, 0.9), False, "100%"),
    ],
)
def test_the_rule_is_speed_size_and_budget(precision, after, accepted, said):
    verdict, reason = judge(precision, "accuracy", FP32, after, 0.01)
    assert verdict is accepted
    assert said in reason


def test_a_loss_is_in_points_or_for_errors_a_share():
    assert loss_of("ap", 0.8, 0.75) == pytest.approx(0.05)
    assert loss_of("rmse", 50_000, 50_500) == pytest.approx(0.01)
    assert loss_of("rmse", 0, 0) == 0
    assert loss_of("rmse", 0, 1) > 1


def test_smaller_are_taken_in_turns():
    called = []
    found = side_by_side({name: lambda name=name: called.append(name) for name in "ab"}, seconds=0)
    assert called[-4:] == ["a", "b", "a", "b"]
    assert set(found) == {"a", "b"}
    assert all(0 <= seconds < 1 for seconds in found.values())


def test_of_the_settings_only_those_that_are_fast_enough_are_chosen(tmp_path, dataset, monkeypatch):
    seconds = {"0": 0.010, "1": 0.005, "2": 0.0095, "3": 0.0095}  # float32, and what was tried
    monkeypatch.setattr(speed, "side_by_side", lambda calls, **options: {name: seconds[name] for name in calls})
    chosen = choose(classifier(tmp_path / "model"), dataset, tmp_path, 0.01)
    assert chosen.settings == chosen.tried[0].settings
    assert min(chosen.tried, key=lambda trial: trial.departure) != chosen.tried[0]


def test_a_network_of_one_layer_is_quantised_in_one_way(tmp_path):
    model = classifier(tmp_path / "model")
    graph = onnx.load(model.onnx)
    graph.graph.node.remove(next(node for node in graph.graph.node if node.output[0] == "logits"))
    graph.graph.node[-1].input[0] = "pooled"
    second = next(node for node in graph.graph.node if node.output[0] == "two")
    second.CopyFrom(onnx.helper.make_node("Identity", ["one_relu"], ["two"]))
    onnx.save(graph, model.onnx)
    assert Quantiser(model.onnx, tmp_path, lambda: iter([]), 0).recipes == [RECIPES[0]]
