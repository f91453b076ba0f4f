"""The first node that departs is found: not one downstream of it, and none that merely carries another's name."""

from pathlib import Path

import numpy as np
import onnx.parser
import pytest
import tensorflow as tf

from graduate.components.onnx_convert.proof import departure
from graduate.components.onnx_convert.proof.departure import first_departure
from graduate.components.onnx_convert.proof.frozen import FrozenGraph
from graduate.components.onnx_convert.proof.graph import OnnxGraph
from graduate.components.onnx_convert.proof.inside import Inside, aligned
from graduate.components.onnx_convert.proof.prove import prove
from graduate.components.onnx_convert.tensors import Tensors

# What TensorFlow computes: a = 2x, b = a + 1, c = exp(-b), y = b * c.
RIGHT = """
<ir_version: 9, opset_import: ["": 18]>
right (float[N, 3] x) => (float[N, 3] y) <float two = {2}, float one = {1}>
{
    [a] "a:0" = Mul(x, two)
    [b] "b:0" = Add("a:0", one)
    [n] n = Neg("b:0")
    [c] "c:0" = Exp(n)
    [y] y = Mul("b:0", "c:0")
}
"""


@pytest.fixture(scope="module")
def frozen(tmp_path_factory) -> FrozenGraph:
    with tf.Graph().as_default() as graph:
        x = tf.compat.v1.placeholder(tf.float32, (None, 3), "x")
        a = tf.multiply(x, 2.0, "a")
        b = tf.add(a, 1.0, "b")
        c = tf.exp(tf.negative(b), "c")
        tf.multiply(b, c, "product")
    file = tmp_path_factory.mktemp("frozen") / "model.pb"
    file.write_bytes(graph.as_graph_def().SerializeToString())
    return FrozenGraph(file)


@pytest.fixture
def inputs() -> Tensors:
    return {"x": np.array([[0.1, 0.5, -0.3]], np.float32)}


def found(tmp_path: Path, frozen: FrozenGraph | None, inputs: Tensors, *changes: tuple[str, str]):
    """The departure of a graph in which some text is replaced."""
    text = RIGHT
    for before, after in changes:
        assert before in text
        text = text.replace(before, after)
    onnx.save(onnx.parser.parse_model(text), tmp_path / "model.onnx")
    graph = OnnxGraph(tmp_path / "model.onnx")
    b = 2 * inputs["x"] + 1
    inside = Inside(graph, frozen) if frozen else None
    return first_departure(graph, inside, inputs, {"y": b * np.exp(-b)}, ["y"])


def test_a_graph_that_agrees_departs_nowhere(tmp_path, frozen, inputs):
    assert found(tmp_path, frozen, inputs) is None


def test_the_first_node_is_named_with_its_operators_and_figures(tmp_path, frozen, inputs):
    first = found(tmp_path, frozen, inputs, ('Add("a:0", one)', 'Sub("a:0", one)'))
    assert (first.node, first.op, first.tensor, first.tensorflow_op) == ("b", "Sub", "b:0", "AddV2")
    assert first.max_abs_difference == pytest.approx(2)
    assert first.spread == pytest.approx(np.std(2 * inputs["x"] + 1))
    assert first.within == []
    assert "b (Sub, TensorFlow's AddV2): by 2" in str(first)


def test_a_node_without_a_name_in_tensorflow_is_named_as_between(tmp_path, frozen, inputs):
    first = found(tmp_path, frozen, inputs, ("Neg(", "Identity("))
    assert first.node == "c"
    assert first.within == ["n"]
    assert "it or one of n is to blame" in str(first)


def test_an_output_can_be_the_first_to_depart(tmp_path, frozen, inputs):
    assert found(tmp_path, frozen, inputs, ('Mul("b:0", "c:0")', 'Sub("b:0", "c:0")')).node == "y"


def test_a_value_that_carries_another_name_is_not_blamed(tmp_path, frozen, inputs):
    """As where a converter folds two nodes into one: `a` is something else here, but `b` is right."""
    folded = (("Mul(x, two)\n", 'Add(x, x)\n    [h] "h:0" = Add("a:0", one)\n'), ("Add(x, x)", "Add(x, one)"))
    right_again = (
        ('"h:0" = Add("a:0", one)', '"h:0" = Mul(x, two)'),
        ('"b:0" = Add("a:0", one)', '"b:0" = Add("h:0", one)'),
    )
    assert found(tmp_path, frozen, inputs, *folded, *right_again) is None
    first = found(tmp_path, frozen, inputs, *folded, *right_again, ("Exp(n)", "Cos(n)"))
    assert first.node == "c"


def test_without_the_frozen_graph_the_output_is_named_with_all_that_may_be_to_blame(tmp_path, inputs):
    first = found(tmp_path, None, inputs, ('Add("a:0", one)', 'Sub("a:0", one)'))
    assert first.node == "y"
    assert set(first.within) == {"a", "b", "n", "c"}


def test_a_graph_of_many_values_is_looked_through_in_parts(tmp_path, frozen, inputs, monkeypatch):
    monkeypatch.setattr(departure, "_VALUES_AT_ONCE", 1)
    assert found(tmp_path, frozen, inputs, ("Exp(n)", "Cos(n)")).node == "c"


@pytest.fixture
def maps() -> np.ndarray:
    return np.random.default_rng(0).normal(size=(2, 4, 4, 4)).astype(np.float32)


def test_what_a_branch_takes_from_outside_counts(tmp_path):
    branches = (
        "then_branch = t () => (float[N, 3] p) { p = Exp(a) }, else_branch = e () => (float[N, 3] q) { q = Neg(a) }"
    )
    text = f"""<ir_version: 9, opset_import: ["": 18]>
    g (float[N, 3] x, bool yes) => (float[N, 3] y) {{ a = Add(x, x) y = If <{branches}> (yes) }}"""
    onnx.save(onnx.parser.parse_model(text), tmp_path / "model.onnx")
    graph = OnnxGraph(tmp_path / "model.onnx")
    assert graph.depends_on("y", ["x"])
    assert graph.depends_on("y", ["a"])
    assert not graph.depends_on("a", ["yes"])


def test_maps_are_compared_in_either_order_of_axes(maps):
    channels_first = np.moveaxis(maps, -1, 1)
    assert (aligned(maps, channels_first) == maps).all()
    assert (aligned(maps, maps) == maps).all()
    assert aligned(maps, maps[:, :2]) is None


@pytest.fixture(scope="module")
def classes(tmp_path_factory) -> Path:
    """Frozen graph of logits x * w, their softmax and the place of the largest."""
    with tf.Graph().as_default() as graph:
        x = tf.compat.v1.placeholder(tf.float32, (None, 2), "x")
        logits = tf.multiply(x, 1e-6, "logits")
        tf.nn.softmax(logits, name="softmax")
    file = tmp_path_factory.mktemp("classes") / "model.pb"
    file.write_bytes(graph.as_graph_def().SerializeToString())
    return file


CLASSES = """
<ir_version: 9, opset_import: ["": 18]>
classes (float[N, 2] x) => (float[N, 2] probabilities, int64[N] class) <float small = {0.000001}>
{
    "logits:0" = Mul(x, small)
    probabilities = Softmax("logits:0")
    class = ArgMax<axis = 1, keepdims = 0>("logits:0")
}
"""


def classify(tensors: Tensors) -> Tensors:
    powers = np.exp(tensors["x"] * np.float32(1e-6))
    return {"probabilities": powers / powers.sum(axis=1, keepdims=True), "class": tensors["x"].argmax(axis=1)}


def test_probabilities_that_hardly_move_are_proven_by_their_logits(tmp_path, classes):
    onnx.save(onnx.parser.parse_model(CLASSES), tmp_path / "model.onnx")
    inputs = [{"x": np.random.default_rng(0).normal(size=(9, 2)).astype(np.float32)}]
    proof = prove(classify, tmp_path / "model.onnx", inputs, classes)
    assert proof.proven, proof.reason
    assert proof.weaknesses == ["the output probabilities hardly changes from input to input, but the scores before do"]
    assert [each.name for each in proof.outputs if each.inner] == ["logits:0"]
    assert "hardly changes" in prove(classify, tmp_path / "model.onnx", inputs).reason


def test_scores_that_move_say_nothing_of_an_output_beside_them(tmp_path, classes):
    beside = CLASSES.replace("int64[N] class)", "int64[N] class, float[N, 2] other)").replace(
        '    class =', '    none = Mul(x, zero)\n    other = Add(none, one)\n    class ='
    ).replace("{0.000001}", "{0.000001}, float zero = {0}, float one = {1}")  # fmt: skip
    onnx.save(onnx.parser.parse_model(beside), tmp_path / "model.onnx")
    inputs = [{"x": np.random.default_rng(0).normal(size=(9, 2)).astype(np.float32)}]
    proof = prove(lambda x: classify(x) | {"other": np.ones_like(x["x"])}, tmp_path / "model.onnx", inputs, classes)
    assert "the output other hardly changes" in proof.reason


def test_logits_that_differ_are_seen_behind_probabilities_that_do_not(tmp_path, classes):
    onnx.save(onnx.parser.parse_model(CLASSES.replace("0.000001", "0.0000011")), tmp_path / "model.onnx")
    inputs = [{"x": np.random.default_rng(0).normal(size=(9, 2)).astype(np.float32)}]
    proof = prove(classify, tmp_path / "model.onnx", inputs, classes)
    assert "inner value logits:0 departs" in proof.reason
    assert proof.departure
    assert proof.departure.tensor == "logits:0"


def test_either_of_two_classes_with_equal_scores_may_be_named(tmp_path, classes):
    onnx.save(onnx.parser.parse_model(CLASSES), tmp_path / "model.onnx")
    inputs = [{"x": np.array([[1, 2], [4, 4], [7, 3]], np.float32)}]

    def last(tensors: Tensors) -> Tensors:
        return classify(tensors) | {"class": 1 - tensors["x"][:, ::-1].argmax(axis=1)}

    assert prove(last, tmp_path / "model.onnx", inputs, classes).proven
    wrong = prove(lambda x: classify(x) | {"class": np.array([0, 0, 0])}, tmp_path / "model.onnx", inputs, classes)
    assert "output class departs" in wrong.reason
