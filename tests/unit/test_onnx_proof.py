"""The tensor proof: what counts as the same, what proves nothing, and which inputs it is tried on."""

from collections.abc import Callable
from pathlib import Path

import numpy as np
import onnx.parser
import pytest
from tiny_models import an_image, an_item, image_dataset, people_dataset

from graduate.components.data.dataset import Dataset
from graduate.components.data.items import Box, Task
from graduate.components.errors import InputError
from graduate.components.onnx_convert.onnx_file import OnnxFile
from graduate.components.onnx_convert.proof import batches
from graduate.components.onnx_convert.proof.agreement import Agreement
from graduate.components.onnx_convert.proof.detections import compare_detections
from graduate.components.onnx_convert.proof.differences import TOLERANCE, differences_of
from graduate.components.onnx_convert.proof.pictures import pictures
from graduate.components.onnx_convert.proof.prove import TensorProof, prove
from graduate.components.onnx_convert.proof.suppression import Candidates
from graduate.components.onnx_convert.proof.task import compare
from graduate.components.onnx_convert.tensors import Signature, Tensors, TensorSpec

HEADER = '<ir_version: 9, opset_import: ["": 18]>\n'


@pytest.fixture
def write(tmp_path: Path) -> Callable[[str], Path]:
    """Writes a graph in ONNX's text form."""

    def run(text: str) -> Path:
        file = tmp_path / "model.onnx"
        onnx.save(onnx.parser.parse_model(HEADER + text), file)
        return file

    return run


@pytest.fixture
def doubled(write) -> Path:
    return write("doubled (float[N, 2] x) => (float[N, 2] y) { y = Add(x, x) }")


def some(count: int = 4) -> list[Tensors]:
    """Batches of several and of one."""
    random = np.random.default_rng(0)
    return [{"x": random.normal(size=(size, 2)).astype(np.float32)} for size in (count, 1)]


def against(source: Callable, file: Path, inputs: list[Tensors] | None = None) -> TensorProof:
    return prove(lambda tensors: {"y": source(tensors["x"])}, file, inputs or some())


def test_a_file_that_computes_the_same_is_proven(doubled):
    proof = against(lambda x: 2 * x, doubled)
    assert proof.proven
    assert proof.reason == ""
    assert (proof.batches, proof.items) == (2, 5)
    assert proof.outputs[0].max_abs_difference == 0
    assert proof.as_json()["outputs"][0]["name"] == "y"


@pytest.mark.parametrize("factor", [1 + 1e-3, 1 - 1e-3])
def test_a_difference_beyond_the_tolerance_is_refused(doubled, factor):
    proof = against(lambda x: np.float32(2 * factor) * x, doubled)
    assert not proof.proven
    assert "the output y departs" in proof.reason


def test_the_last_digits_may_differ(doubled):
    assert against(lambda x: 2 * x * np.float32(1 + 1e-6), doubled).proven


@pytest.mark.parametrize(
    ("source", "says"),
    [
        (lambda x: {"z": 2 * x}, "gives y, and its source z"),
        (lambda x: {"y": (2 * x).astype(np.float64)}, r"output y is float32 \[4, 2\], and that of its source float64"),
        (lambda x: {"y": (2 * x)[:, :1]}, r"output y is float32 \[4, 2\], and that of its source float32 \[4, 1\]"),
    ],
)
def test_outputs_of_another_name_type_or_shape_are_refused(doubled, source, says):
    proof = prove(lambda tensors: source(tensors["x"]), doubled, some())
    assert not proof.proven
    with pytest.raises(AssertionError, match=says):
        raise AssertionError(proof.reason)


def test_an_output_that_hardly_moves_proves_nothing(write):
    file = write("flat (float[N, 2] x) => (float[N, 2] y) <float a = {0.000001}, float b = {7}> "
                 "{ s = Mul(x, a) y = Add(s, b) }")  # fmt: skip
    proof = against(lambda x: x * np.float32(1e-6) + 7, file)
    assert not proof.proven
    assert "hardly changes" in proof.reason


def test_a_constant_beside_an_output_that_moves_is_only_a_weakness(write):
    file = write("two (float[N, 2] x) => (float[N, 2] y, float[1] c) <float[1] k = {3}> "
                 "{ y = Add(x, x) c = Identity(k) }")  # fmt: skip
    proof = prove(lambda tensors: {"y": 2 * tensors["x"], "c": np.array([3], np.float32)}, file, some())
    assert proof.proven
    assert proof.weaknesses == ["the output c is a constant"]


def test_numbers_that_are_tiny_beside_others_are_said_to_be_unseen(write):
    file = write("sizes (float[N, 2] x) => (float[N, 2] y) <float[2] s = {1000000, 1}> { y = Mul(x, s) }")
    proof = against(lambda x: x * np.float32([1e6, 1]), file)
    assert proof.proven
    assert proof.outputs[0].unseen == 1
    assert proof.weaknesses == [
        "1 values of the output y are so small beside its others that they could be wrong unseen"
    ]


def test_nan_has_to_be_in_the_same_places(doubled):
    inputs = [{"x": np.array([[1, 2], [5, 3], [0, 9]], np.float32)}]
    assert not against(lambda x: np.where(x == 5, np.nan, 2 * x).astype(np.float32), doubled, inputs).proven


def test_missing_values_are_only_asked_for_where_the_graph_knows_them(write):
    inputs = [*some(), {"x": np.array([[np.nan, 1]], np.float32)}]
    plain = write("plain (float[N, 2] x) => (float[N, 2] y) { y = Relu(x) }")
    assert against(lambda x: np.where(x > 0, x, 0).astype(np.float32), plain, inputs).batches == 2
    careful = write("careful (float[N, 2] x) => (float[N, 2] y) <float zero = {0}> "
                    "{ m = IsNaN(x) y = Where(m, zero, x) }")  # fmt: skip
    assert against(lambda x: np.nan_to_num(x), careful, inputs).batches == 3
    assert not against(lambda x: x, careful, inputs).proven


def test_of_a_batch_only_the_items_with_missing_values_are_left_out_and_said(doubled):
    rows = np.random.default_rng(0).normal(size=(9, 2)).astype(np.float32)
    rows[4, 1] = np.nan
    proof = against(lambda x: 2 * x, doubled, [{"x": rows}])
    assert proof.proven
    assert proof.items == 8
    assert proof.weaknesses == ["1 items have missing numbers, which the graph never asks for: these were left out"]


def test_an_item_whose_answer_hangs_on_the_last_bit_is_taken_back_and_said(write):
    """The weights nearly cancel where x is large: what remains is rounding, then grown."""
    file = write("steep (float[N, 2] x) => (float[N, 1] y) <float[2, 1] w = {1, -1}, float ten = {10}> "
                 "{ s = MatMul(x, w) y = Mul(s, ten) }")  # fmt: skip
    level = np.random.default_rng(0).normal(size=(9, 2)).astype(np.float32)
    steep = np.array([[3e6, 3e6 + 1]], np.float32)
    proof = against(lambda x: ((x[:, :1] - x[:, 1:]) * 10 + (x[:, :1] > 1e6)).astype(np.float32), file,
                    [{"x": level}, {"x": steep}])  # fmt: skip
    assert proof.proven, proof.reason
    assert "for 1 of 10 items the last bit of the weights" in proof.weaknesses[0]
    proof = against(lambda x: ((x[:, :1] - x[:, 1:]) * 10 + 1000 * (x[:, :1] > 1e6)).astype(np.float32), file,
                    [{"x": level}, {"x": steep}])  # fmt: skip
    assert not proof.proven


def test_nothing_but_nan_proves_nothing(write):
    file = write("nan (float[N, 2] x) => (float[N, 2] y) { z = Sub(x, x) y = Div(z, z) }")
    proof = against(lambda x: np.full_like(x, np.nan), file)
    assert "hardly changes" in proof.reason


def test_whole_numbers_have_to_be_equal(write):
    file = write("round (float[N, 2] x) => (int64[N, 2] y) { y = Cast<to = 7>(x) }")
    assert against(lambda x: x.astype(np.int64), file, [{"x": some()[0]["x"] * 9}]).proven
    assert not against(lambda x: np.round(x).astype(np.int64), file, [{"x": some()[0]["x"] * 9}]).proven


def test_a_whole_number_that_never_varies_is_said_beside_an_output_that_does(write):
    file = write("two (float[N, 2] x) => (float[N, 2] y, int64[N, 2] k) <float zero = {0}> "
                 "{ y = Add(x, x) z = Mul(x, zero) k = Cast<to = 7>(z) }")  # fmt: skip
    proof = prove(lambda given: {"y": 2 * given["x"], "k": np.zeros_like(given["x"], np.int64)}, file, some())
    assert proof.proven
    assert proof.weaknesses == ["the output k is the same for all inputs, so that nothing is proven of it"]


def test_inputs_that_the_source_refuses_are_left_out_and_said(doubled):
    def picky(tensors: Tensors) -> Tensors:
        if len(tensors["x"]) == 1:
            raise ValueError("at least two")
        return {"y": 2 * tensors["x"]}

    proof = prove(picky, doubled, some())
    assert proof.batches == 1
    assert any("no answer for 1 of the batches" in each for each in proof.weaknesses)


def test_a_source_that_answers_nothing_leaves_nothing_proven(doubled):
    def broken(tensors: Tensors) -> Tensors:
        raise ValueError("no")

    assert "nothing to compare" in prove(broken, doubled, some()).reason


def test_a_file_that_is_no_graph_is_refused(tmp_path):
    file = tmp_path / "model.onnx"
    onnx.save(onnx.parser.parse_model(HEADER + "bad (float[N] x) => (float[N] y) { y = Nonsense(x) }"), file)
    assert "no valid graph" in against(lambda x: x, file).reason


def test_a_file_that_mixes_the_items_of_a_batch_is_refused(write):
    file = write("mixed (float[N, 2] x) => (float[N, 2] y) <int64[1] axis = {0}> "
                 "{ m = ReduceMean(x, axis) y = Sub(x, m) }")  # fmt: skip
    inputs = [{"x": np.concatenate([each, -each])} for each in (np.float32([[1, 2], [3, -4]]), np.float32([[5, 7]]))]
    proof = against(lambda x: x, file, inputs)  # the means are 0, so that the batches themselves agree
    assert "together otherwise than one by one" in proof.reason


def test_a_source_that_mixes_the_items_too_is_a_weakness(write):
    file = write("mixed (float[N, 2] x) => (float[N, 2] y) <int64[1] axis = {0}> "
                 "{ m = ReduceMean(x, axis) y = Sub(x, m) }")  # fmt: skip
    proof = against(lambda x: x - x.mean(axis=0, keepdims=True), file)
    assert proof.proven
    assert "in other company" in proof.weaknesses[0]


def test_an_agreement_is_measured_by_how_much_the_values_move():
    values = np.linspace(-1, 1, 40, dtype=np.float32).reshape(10, 4)
    for size, agrees in ((1e-5, True), (1e-2, False)):
        agreement = Agreement("y")
        agreement.add(values, values + np.float32(size), items=10)
        assert agreement.proof().agrees is agrees


def test_each_range_of_inputs_has_a_tolerance_of_its_own():
    values = np.linspace(-1, 1, 40, dtype=np.float32).reshape(10, 4)
    agreement = Agreement("y")
    agreement.add(255 * values, 255 * values, items=10, given="0..255")
    agreement.add(values, values + np.float32(0.002), items=10, given="0..1")
    proof = agreement.proof()
    assert not proof.agrees
    assert proof.range == "0..1"
    assert [batch.any() for batch in agreement.departing()] == [False, True]


def test_one_value_that_stands_out_is_seen_among_many():
    values = np.random.default_rng(0).normal(size=(4, 100_000)).astype(np.float32)
    found = values.copy()
    found[2, 77] += 0.01
    agreement = Agreement("y")
    agreement.add(values, found, items=4)
    assert not agreement.proof().agrees
    assert agreement.worst[0].argmax() == 2


def detections(*rows: tuple[float, float, float, float, float, float], most: int = 4) -> Tensors:
    """One picture with rows of class, score and box."""
    padded = np.zeros((1, most, 6), np.float32)
    padded[0, : len(rows)] = np.array(rows).reshape(-1, 6)
    parts = {"detection_classes": padded[..., 0], "detection_scores": padded[..., 1]}
    return {**parts, "detection_boxes": padded[..., 2:], "num_detections": np.array([len(rows)], np.float32)}


CAT, DOG = (0, 0.7, 0.0, 0.0, 0.4, 0.5), (1, 0.7, 0.2, 0.6, 0.8, 1.0)


@pytest.mark.parametrize(
    ("found", "unmatched", "excused"),
    [
        ([CAT, DOG], 0, 0),
        ([DOG, CAT], 0, 0),  # near-equal scores swap places
        ([(0, 0.70001, 0.0, 0.0, 0.4, 0.5), DOG], 0, 0),
        ([(0, 0.71, 0.0, 0.0, 0.4, 0.5), DOG], 2, 0),
        ([(1, 0.7, 0.0, 0.0, 0.4, 0.5), DOG], 2, 0),
        ([(0, 0.7, 0.0, 0.0, 0.4, 0.51), DOG], 2, 0),  # an edge is shifted: no tie
        ([(0, 0.7, 0.5, 0.5, 0.9, 0.9), DOG], 2, 0),
        ([CAT], 1, 0),
        ([CAT, DOG, DOG], 1, 0),
    ],
)
def test_detections_are_matched_by_class_score_and_box(found, unmatched, excused):
    (proof,) = compare_detections(detections(CAT, DOG), detections(*found), iou_threshold=0.5)
    assert (proof.unmatched, proof.excused) == (unmatched, excused)


@pytest.mark.parametrize(
    ("edge", "score", "excused"),
    [(0.51, 0.7, 2), (0.52, 0.7, 0), (0.51, 0.6, 0)],
    ids=["tie", "shifted", "other score"],
)
def test_of_two_candidates_with_the_same_score_either_may_be_kept(edge, score, excused):
    boxes = np.array([CAT[2:], (0.0, 0.0, 0.4, 0.51)])
    candidates = Candidates(boxes, np.array([[0.7, 0], [score, 0]]))
    found = detections((0, 0.7, 0.0, 0.0, 0.4, edge))
    (proof,) = compare_detections(detections(CAT), found, iou_threshold=0.5, candidates=[candidates])
    assert (proof.unmatched, proof.excused) == (2 - excused, excused)


def test_which_detection_comes_last_on_a_full_list_may_differ():
    source, found = detections(CAT, DOG, most=2), detections(CAT, (1, 0.7, 0.0, 0.0, 0.1, 0.1), most=2)
    (proof,) = compare_detections(source, found, iou_threshold=0.5)
    assert (proof.unmatched, proof.excused) == (0, 2)


def test_a_box_at_the_threshold_of_suppression_may_go_either_way():
    at_half = (0, 0.6, 0.0, 0.0, 0.4, 0.25)  # covers half of the cat
    (proof,) = compare_detections(detections(CAT, at_half), detections(CAT), iou_threshold=0.5)
    assert (proof.unmatched, proof.excused) == (0, 1)
    (proof,) = compare_detections(detections(CAT, at_half), detections(CAT), iou_threshold=0.6)
    assert (proof.unmatched, proof.excused) == (1, 0)


def test_what_goes_along_with_detections_is_said_not_to_be_compared(write):
    names = ["detection_boxes", "detection_scores", "detection_classes", "num_detections", "detection_anchor_indices"]
    ranks = ["2, 4", "2", "2", "", "2"]
    outputs = [f"float[N{', ' if rank else ''}{rank}] {name}" for name, rank in zip(names, ranks, strict=True)]
    nodes = [
        "detection_boxes = Identity(boxes)",
        "detection_scores = ReduceMax<keepdims = 0>(boxes, last)",
        "detection_classes = Sub(detection_scores, detection_scores)",
        "detection_anchor_indices = Identity(detection_classes)",
        "sums = ReduceSum<keepdims = 0>(detection_classes, last) num_detections = Add(sums, two)",
    ]
    file = write(
        f"boxes (float[N, 2, 4] boxes) => ({', '.join(outputs)}) <int64[1] last = {{-1}}, float two = {{2}}> "
        f"{{ {' '.join(nodes)} }}"
    )
    run = OnnxFile(file)
    random = np.random.default_rng(0)
    inputs = [{"boxes": random.random((size, 2, 4), dtype=np.float32)} for size in (3, 1)]
    proof = prove(lambda tensors: run(tensors) | {"detection_anchor_indices": 0 * run(tensors)[names[1]]}, file, inputs)
    assert proof.proven, proof.reason
    assert proof.detections
    assert proof.detections.detections == 8
    assert proof.weaknesses == ["detection_anchor_indices go along with the detections, and were not compared"]


CATS = {
    "displayNames": ["cat", "cat"],
    "confidences": [0.9, 0.8],
    "bboxes": [[0.0, 0.5, 0.0, 0.5], [0.1, 0.4, 0.5, 1.0]],
}


@pytest.mark.parametrize(
    ("changes", "difference"),
    [
        ({}, 0),
        ({"bboxes": [[0.0, 0.5, 0.0, 0.51], CATS["bboxes"][1]]}, 1),
        ({"bboxes": [[np.nan] * 4, CATS["bboxes"][1]]}, 1),
        ({"confidences": [0.9, np.nan]}, 1),
        ({"displayNames": ["cat", "dog"]}, 1),
        ({name: each[:1] for name, each in CATS.items()}, 1),
        ({name: [*each, each[1]] for name, each in CATS.items()}, 1),  # found twice
        ({name: each[::-1] for name, each in CATS.items()}, 0),
    ],
)
def test_predicted_boxes_are_matched_one_to_one(photos, changes, difference):
    ids = [item.id for item in photos.items("test")]
    source = dict.fromkeys(ids, CATS)
    found = compare(photos, Task.OBJECT_DETECTION, source, {**source, ids[2]: CATS | changes})
    assert found.max_abs_difference == pytest.approx(difference)
    assert found.departing == ([ids[2]] if difference else [])
    assert found.proven is not bool(difference)


@pytest.mark.parametrize(("threshold", "proven"), [(0.5, True), (0.6, False), (None, False)])
def test_one_flip_at_the_threshold_of_suppression_does_not_refuse_a_split(photos, threshold, proven):
    at_half = {"displayNames": ["cat"], "confidences": [0.6], "bboxes": [[0.0, 0.5, 0.0, 0.25]]}
    ids = [item.id for item in photos.items("test")]
    source = dict.fromkeys(ids, CATS)
    more = {name: [*each, *at_half[name]] for name, each in CATS.items()}
    found = compare(photos, Task.OBJECT_DETECTION, {**source, ids[2]: more}, source, threshold)
    assert found.departing == ([] if proven else [ids[2]])


@pytest.mark.parametrize(("change", "departs"), [(1e-5, False), (3e-2, True)])
def test_a_value_is_measured_by_the_spread_and_not_by_the_largest(change, departs):
    values = {str(place): {"value": 1e4 * (place == 0) + place % 7} for place in range(1000)}
    found = {**values, "5": {"value": 5 + change * 100}}
    off = differences_of(Task.TABULAR_REGRESSION, values, found, None)
    assert (off["5"] > TOLERANCE) is departs


def test_a_value_may_differ_by_the_last_digits_of_a_float32():
    values = {str(place): {"value": 1e9 + place} for place in range(3)}
    found = {name: {"value": each["value"] + 64} for name, each in values.items()}
    assert max(differences_of(Task.TABULAR_REGRESSION, values, found, None).values()) < TOLERANCE


def of(*inputs: TensorSpec) -> Signature:
    return Signature(inputs, ())


def test_made_up_pictures_vary_in_size_and_content():
    spec = TensorSpec("image", "uint8", (None, None, None, 3))
    made = [each["image"] for each in batches.made_up(of(spec))]
    assert {len(each) for each in made} >= {1, 3, 8}
    assert len({each.shape[1:3] for each in made}) > 5
    assert sum(map(len, made)) <= batches.MOST_ITEMS
    assert all(each.dtype == np.uint8 for each in made)
    again = [each["image"] for each in batches.made_up(of(spec))]
    assert all((one == other).all() for one, other in zip(made, again, strict=True))


def test_made_up_floats_of_pictures_come_in_three_ranges():
    made = [each["x"] for each in batches.made_up(of(TensorSpec("x", "float32", (None, 16, 16, 3))))]
    assert {(round(each.min()), round(each.max())) for each in made[:3]} == {(0, 255), (0, 1), (-1, 1)}


def test_made_up_inputs_fit_together():
    ids, mask = TensorSpec("ids", "int32", (None, None)), TensorSpec("mask", "int32", (None, None))
    for each in batches.made_up(of(ids, mask)):
        assert each["ids"].shape == each["mask"].shape
        assert each["mask"].max() <= 1


def test_made_up_texts_have_known_and_unknown_words():
    made = [each["city"] for each in batches.made_up(of(TensorSpec("city", "string", (None, 1))), ["Oslo", "Bonn"])]
    words = {word for each in made for word in each.ravel()}
    assert words > {"Oslo", "Bonn"}
    assert "" in words


def test_made_up_batches_keep_a_fixed_number_of_items():
    made = [each["x"] for each in batches.made_up(of(TensorSpec("x", "float32", (2, 5))))]
    assert {each.shape for each in made} == {(2, 5)}
    assert len(made) > 10
    assert any(np.isnan(each).any() for each in made)


def test_pictures_have_channels_of_their_own():
    shown = pictures(6, 20, 30, 3, seed=0)
    assert shown.shape == (6, 20, 30, 3)
    assert sum(np.abs(each - each[..., ::-1]).mean() > 0.05 for each in shown) >= 4


@pytest.fixture
def photos(tmp_path) -> Dataset:
    box = [Box("cat", 0.0, 0.0, 0.5, 0.5)]
    files = [an_image(tmp_path / f"{seed}.png", 40 + seed, 30, seed) for seed in range(5)]
    items = [an_item(file, file.name, box) for file in files]
    return Dataset.open(image_dataset(tmp_path / "photos", {"train": [], "validation": [], "test": items}))


def test_real_pictures_come_in_their_own_sizes_and_in_others(photos):
    shapes = [each["x"].shape for each in batches.of_images(photos, of(TensorSpec("x", "uint8", (None,) * 3 + (3,))))]
    assert shapes[:5] == [(1, 30, 40 + seed, 3) for seed in range(5)]
    assert {shape[0] for shape in shapes[5:]} == {1, 2}


def test_real_pictures_are_resized_for_a_model_of_one_size(photos):
    made = [each["x"] for each in batches.of_images(photos, of(TensorSpec("x", "float32", (None, 8, 9, 3))))]
    assert [each.shape for each in made] == [(5, 8, 9, 3)] * 3
    assert made[0].max() > 100 > 1 > made[1].max()
    assert made[1].min() > 0 > made[2].min() > -1


def test_a_model_of_something_else_than_pictures_is_refused(photos):
    with pytest.raises(InputError, match="no pictures"):
        next(batches.of_images(photos, of(TensorSpec("x", "float32", (None, 8)))))


def test_real_rows_come_in_batches_of_one_of_many_and_of_the_rest(tmp_path):
    data = Dataset.open(people_dataset(tmp_path, {"train": [], "validation": [], "test": [1.0, None, *range(50)]}))
    columns = [{"name": "age", "type": "number", "dtype": "float32"}]
    made = [each["age"] for each in batches.of_rows(data, {"kind": "columns", "columns": columns})]
    assert [len(each) for each in made] == [1, 32, 19]
    assert np.isnan(np.concatenate(made)).sum() == 1


def test_an_empty_test_split_is_refused(tmp_path):
    data = Dataset.open(people_dataset(tmp_path, {"train": [], "validation": [], "test": []}))
    with pytest.raises(InputError, match="empty"):
        next(batches.of_rows(data, {"kind": "columns", "columns": []}))
