"""From a SavedModel to an ONNX file: what is repaired, what is kept of the signature, and what is refused by name."""

import json
from pathlib import Path

import keras
import numpy as np
import onnx
import pytest
import tensorflow as tf
from keras import layers
from onnx import TensorProto, helper

from graduate.components.errors import InputError
from graduate.components.models.inspection.onnx_file import read_onnx
from graduate.components.onnx_convert.export.contract import check, restore_shapes
from graduate.components.onnx_convert.export.metadata import describe, rename_inputs, sha256
from graduate.components.onnx_convert.export.refusals import ConversionError, refusal
from graduate.components.onnx_convert.export.repairs import strip_attributes
from graduate.components.onnx_convert.export.to_onnx import convert_saved_model
from graduate.components.onnx_convert.onnx_file import OnnxFile
from graduate.components.onnx_convert.proof.batches import made_up
from graduate.components.onnx_convert.proof.prove import prove
from graduate.components.onnx_convert.saved_model import SavedModel
from graduate.components.onnx_convert.tensors import Signature, TensorSpec

FLOAT = TensorSpec("x", "float32", (None, 3))


class ManyOps(tf.Module):
    """One output of each op that tf2onnx lacks or has wrong: converted once for all tests."""

    def __init__(self):
        super().__init__()
        keras.utils.set_random_seed(0)
        self.grouped = layers.Conv2D(6, 3, 2, padding="same", groups=2)  # compiled by XLA
        self.lstm = layers.LSTM(5)
        self.grouped.build((None, None, None, 4))
        self.lstm.build((None, None, 4))
        self.city = layers.StringLookup(vocabulary=["Oslo", "Rome"])
        self.code = layers.IntegerLookup(vocabulary=[3, 5, 9], output_mode="multi_hot")
        self.age = layers.Discretization([0.0, 18.0, 65.0])
        self.population = tf.lookup.StaticHashTable(
            tf.lookup.KeyValueTensorInitializer(["Oslo", "Rome"], [0.7, 2.8]), -1.0
        )

    @tf.function(
        input_signature=[
            tf.TensorSpec((None, None, None, 4), name="maps"),
            tf.TensorSpec((None, 24, 32, 3), tf.uint8, name="picture"),
            tf.TensorSpec((None, None, 4), name="series"),
            tf.TensorSpec((None, 1), tf.string, name="city"),
            tf.TensorSpec((None, 1), tf.int64, name="code"),
            tf.TensorSpec((None, 3), name="x"),
            tf.TensorSpec((None, 3), name="unused"),
        ]
    )
    def predict(self, maps, picture, series, city, code, x, unused):
        doubled = 2 * x
        return {
            "exact_gelu": keras.activations.gelu(x, approximate=False),
            "grouped": self.grouped(maps),
            "lstm": self.lstm(series),
            "vocabulary": self.city(city),
            "codes": self.code(code),
            "population": self.population.lookup(city),
            "buckets": self.age(30 * x),
            "logarithm": tf.where(x > 0, tf.math.log(x), 0.0),
            "condition": tf.where(x > 0, x > 1, x < -1),
            "exponential": tf.math.expm1(x) + tf.math.log1p(tf.abs(x)),
            "quotient": (code - 7) // 3,
            "rest": (code - 7) % 3,
            "antialiased": tf.image.resize(picture, (7, 9), antialias=True),
            "antialiased_bicubic": tf.image.resize(picture, (7, 9), "bicubic", antialias=True),
            "reduced": tf.image.resize(picture, (7, 9)),
            "reduced_to_nearest": tf.image.resize(picture, (7, 9), "nearest"),
            "corners_aligned": tf.raw_ops.ResizeBilinear(images=picture, size=(33, 41), align_corners=True),
            "constant": tf.constant([1.0, 2.0]),
            "twice": doubled,
            "twice_again": doubled,
            "as_it_came": x,
            "top": tf.math.top_k(x, 2).values,
            "compared": tf.stack([x > 0.5, x >= 0.5, x < doubled, x <= doubled]),
        }


OUTPUTS = [
    "exact_gelu", "grouped", "lstm", "vocabulary", "codes", "population", "buckets", "logarithm", "condition",
    "exponential", "quotient", "rest", "antialiased", "antialiased_bicubic", "reduced", "reduced_to_nearest",
    "corners_aligned", "constant", "twice", "twice_again", "as_it_came", "top", "compared",
]  # fmt: skip


def inputs(count: int) -> dict[str, np.ndarray]:
    rng = np.random.default_rng(count)
    return {
        "maps": rng.normal(0, 1, (count, 10 + count, 13, 4)).astype(np.float32),
        "picture": rng.integers(0, 256, (count, 24, 32, 3), np.uint8),
        "series": rng.normal(0, 1, (count, 4 + count, 4)).astype(np.float32),
        "city": rng.choice(np.array(["Oslo", "Rome", "Bonn", ""], object), (count, 1)),
        "code": rng.integers(0, 12, (count, 1)),
        "x": rng.normal(0, 2, (count, 3)).astype(np.float32),
        "unused": np.zeros((count, 3), np.float32),
    }


@pytest.fixture(scope="module")
def both(tmp_path_factory):
    """A SavedModel and its ONNX file."""
    folder = tmp_path_factory.mktemp("many")
    source = ManyOps()
    tf.saved_model.save(source, str(folder / "saved_model"), signatures={"many": source.predict})
    frozen = convert_saved_model(folder / "saved_model", folder / "model.onnx", "many")
    assert tf.compat.v1.GraphDef.FromString(frozen.read_bytes()).node
    return SavedModel(folder / "saved_model", "many"), OnnxFile(folder / "model.onnx", threads=1)


@pytest.mark.parametrize("output", OUTPUTS)
def test_each_op_computes_the_same(both, output):
    for count in (6, 1):
        expected, found = (run(inputs(count))[output] for run in both)
        assert found.shape == expected.shape
        if expected.dtype == object:
            assert (found == expected).all()
        else:
            np.testing.assert_allclose(found, expected, rtol=1e-4, atol=1e-5 * max(1, np.abs(expected).max()))


def test_the_signature_is_kept_with_its_unused_input_and_free_sizes(both):
    source, found = (each.signature for each in both)
    assert {each.name for each in source.inputs} == set(inputs(1))
    assert {each.name for each in source.outputs} == set(OUTPUTS)
    assert sorted(found.inputs, key=str) == sorted(source.inputs, key=str)
    assert found.outputs == source.outputs


def of_integers(x):
    """Every op of integers that has a translation of its own."""
    first = x[:, 0]
    values, places = tf.math.top_k(x, 2)
    return {
        "one_hot": tf.one_hot(x, 4),
        "first_axis": tf.one_hot(x, 4, on_value=7, off_value=-2, axis=0),
        "middle_axis": tf.one_hot(x, 4, axis=1),
        "rank_0": tf.one_hot(first[0], 4, dtype=tf.float16),
        "values": values,
        "places": places,
        "sorted": tf.sort(x),
        "compared": tf.stack([x > first[:, None], x < first[:, None], x >= first[:, None], x <= first[:, None]], 1),
        "equal": tf.stack([x == first[:, None], x != first[:, None]], 1),
        "chosen": tf.where(x > 1, x, -x),
        "bounded": tf.clip_by_value(x, 1, 2**24 + 1),
        "larger": tf.maximum(x, first[:, None]) + tf.reduce_max(x) - tf.reduce_min(x),
        "sum": tf.reduce_sum(x[:, 1:], 1),
        "largest": tf.argmax(x, 1),
    }


@pytest.mark.parametrize("dtype", ["int32", "int64"])
def test_integers_that_float32_cannot_hold_and_negative_ones_are_answered_the_same(tmp_path, dtype):
    folder = saved(tmp_path / "saved_model", of_integers, tf.TensorSpec((None, 3), dtype, "x"))
    convert_saved_model(folder, tmp_path / "model.onnx")
    large = 2**24 if dtype == "int32" else 2**40
    x = {
        "x": np.array([[-1, 0, 3], [large, large + 1, large - 1], [5, 2, -9], [1_700_000_001, 1_700_000_000, 4]], dtype)
    }
    expected, found = SavedModel(folder)(x), OnnxFile(tmp_path / "model.onnx", threads=1)(x)
    for name, value in expected.items():
        np.testing.assert_array_equal(found[name], value, err_msg=name)


def saved(folder: Path, call, *specs, others=()) -> Path:
    """A SavedModel of a function."""
    served = tf.function(call, input_signature=specs, autograph=False)
    signatures = {"serving_default": served, **{name: tf.function(f, [spec]) for name, f, spec in others}}
    tf.saved_model.save(tf.Module(), str(folder), signatures=signatures)
    return folder


def test_a_segmentation_of_maps_with_channels_first_is_proven(tmp_path):
    kernel = tf.constant(np.random.default_rng(0).normal(0, 0.2, (3, 3, 3, 5)), tf.float32)
    spec = tf.TensorSpec((None, 24, 32, 3), name="image")
    folder = saved(
        tmp_path / "saved_model", lambda image: {"mask": tf.argmax(tf.nn.conv2d(image, kernel, 1, "SAME"), -1)}, spec
    )
    frozen = convert_saved_model(folder, tmp_path / "model.onnx")
    source = SavedModel(folder)
    assert prove(source, tmp_path / "model.onnx", made_up(source.signature), frozen).proven


def decoded(file):
    return tf.map_fn(lambda each: tf.io.decode_jpeg(each, channels=3), file, fn_output_signature=tf.uint8)


def soft_suppression(boxes, scores):
    indexes, kept = tf.image.non_max_suppression_with_scores(boxes, scores, 5, soft_nms_sigma=0.5)
    return {"indexes": indexes, "kept": kept}


@pytest.mark.parametrize(
    ("call", "specs", "words"),
    [
        (
            lambda file: {"pixels": tf.cast(decoded(file), tf.float32)},
            [tf.TensorSpec((None,), tf.string, "file")],
            r"no ONNX form of DecodeJpeg \(node .*\): choose a signature that takes numbers: --signature image_tensor",
        ),
        (
            lambda image: {"y": tf.image.resize(image, (7, 9), "lanczos3")},
            [tf.TensorSpec((None, 16, 16, 3), tf.float32, "image")],
            r"ScaleAndTranslate \(node .*\) has no ONNX form here, ONNX has no kernel lanczos3",
        ),
        (
            lambda image: {"y": tf.image.resize(image, (7, 9), "bicubic")},
            [tf.TensorSpec((None, None, None, 3), tf.float32, "image")],
            r"ResizeBicubic \(node .*\) has no ONNX form here, onnxruntime reduces .* with antialias=True only",
        ),
        (
            soft_suppression,
            [tf.TensorSpec((20, 4), tf.float32, "boxes"), tf.TensorSpec((20,), tf.float32, "scores")],
            r"NonMaxSuppressionV5 \(node .*\) has no ONNX form here, .* set soft_nms_sigma to 0",
        ),
    ],
)
def test_what_onnx_does_not_have_is_refused_by_name(tmp_path, call, specs, words):
    others = [("image_tensor", lambda image: {"y": image + 1}, tf.TensorSpec((None, 2), tf.float32, "image"))]
    with pytest.raises(ConversionError, match=words):
        convert_saved_model(saved(tmp_path / "saved_model", call, *specs, others=others), tmp_path / "model.onnx")
    assert [each.name for each in tmp_path.iterdir()] == ["saved_model"]


def test_antialiasing_needs_opset_18(tmp_path):
    spec = tf.TensorSpec((None, 16, 16, 3), tf.float32, "image")
    folder = saved(tmp_path / "saved_model", lambda x: {"y": tf.image.resize(x, (7, 9), antialias=True)}, spec)
    with pytest.raises(ConversionError, match="antialiasing needs opset 18"):
        convert_saved_model(folder, tmp_path / "model.onnx", opset=17)


def test_a_file_of_an_earlier_conversion_does_not_count(tmp_path):
    folder = saved(tmp_path / "saved_model", lambda x: {"y": tf.linalg.inv(x)}, tf.TensorSpec((None, 3, 3), name="x"))
    (tmp_path / "model.onnx").write_bytes(b"of yesterday")
    with pytest.raises(ConversionError, match="no ONNX form of MatrixInverse"):
        convert_saved_model(folder, tmp_path / "model.onnx")
    assert not (tmp_path / "model.onnx").exists()


@pytest.mark.parametrize(
    ("call", "spec", "options", "error", "words"),
    [
        (
            lambda x: {"y": x + 1},
            FLOAT,
            {"signature": "other"},
            InputError,
            "no signature 'other', but serving_default",
        ),
        (lambda x: {"y": x + 1}, FLOAT, {"opset": 19}, InputError, "opset 19 is not supported: choose 17 or 18"),
        (lambda x: {"x": x + 1}, FLOAT, {}, ConversionError, "x is the name of an input and of an output"),
        (lambda x: {"y": x + 1}, TensorSpec("x", "float32", None), {}, ConversionError, "input x may have any rank"),
    ],
)
def test_a_call_that_cannot_work_is_refused_before_the_work(tmp_path, call, spec, options, error, words):
    folder = saved(tmp_path / "saved_model", call, tf.TensorSpec(spec.shape, spec.dtype, spec.name))
    with pytest.raises(error, match=words):
        convert_saved_model(folder, tmp_path / "model.onnx", **options)


def graph(file: Path, node: str = "Abs", shape: tuple[int | None, ...] = (None, 3)) -> Path:
    """An ONNX file with input x and output y, float32 [N, 3]."""
    values = [helper.make_tensor_value_info(name, TensorProto.FLOAT, shape) for name in "xy"]
    made = helper.make_graph([helper.make_node(node, ["x"], ["y"])], "tiny", values[:1], values[1:])
    onnx.save(helper.make_model(made, opset_imports=[helper.make_opsetid("", 18)], ir_version=8), file)
    return file


Y = TensorSpec("y", "float32", (None, 3))


@pytest.mark.parametrize(
    ("node", "inputs", "outputs", "words"),
    [
        ("Abs", [FLOAT], [Y, TensorSpec("z", "float32", (None,))], "the ONNX graph lost the output z: it has y"),
        ("Abs", [], [Y], "has an input that the SavedModel has not: x"),
        (
            "Abs",
            [TensorSpec("x", "int64", (None, 3))],
            [Y],
            r"the input x is int64 \(None, 3\) in the SavedModel, and f",
        ),
        ("Abs", [FLOAT], [TensorSpec("y", "float32", (2, 3))], r"the output y is float32 \(2, 3\) in the SavedModel"),
        ("DecodeJpeg", [FLOAT], [Y], "invalid graph, .*No Op registered for DecodeJpeg"),
    ],
)
def test_a_file_that_breaks_the_signature_is_refused(tmp_path, node, inputs, outputs, words):
    file = graph(tmp_path / "model.onnx", node)
    with pytest.raises(ConversionError, match=words):
        check(file, Signature(tuple(inputs), tuple(outputs)))


def test_sizes_are_declared_as_the_signature_has_them_and_checked_against_the_graph(tmp_path):
    file = graph(tmp_path / "model.onnx", shape=(None, None))
    restore_shapes(file, Signature((FLOAT,), (Y,)))
    check(file, Signature((FLOAT,), (Y,)))
    assert OnnxFile(file).signature == Signature((FLOAT,), (Y,))
    wrong = Signature((FLOAT,), (TensorSpec("y", "float32", (None, 4)),))
    restore_shapes(file, wrong)
    with pytest.raises(ConversionError, match="invalid graph"):
        check(file, wrong)


@pytest.mark.parametrize(
    ("said", "words"),
    [
        ("INFO all is well\nFailed to apply an optimizer\nValueError: odd", ""),
        ("ValueError: model exceeds maximum protobuf size of 2GB. Try setting large_model.", "larger than 2 GB"),
        (
            "E Tensorflow op [a/b: Foo] is not supported\nE Tensorflow op [c: Bar] is not supported",
            "Foo (node a/b), nor",
        ),
        ("KeyError: make_sure failure: odd", "tf2onnx broke off: odd"),
    ],
)
def test_the_log_of_tf2onnx_becomes_a_sentence(tmp_path, said, words):
    sentence = refusal(said, tmp_path, is_written=not words)
    assert words in sentence
    assert bool(words) == bool(sentence)


def test_attributes_are_stripped_of_nodes_and_of_functions():
    definition = tf.compat.v1.GraphDef()
    inner = definition.library.function.add()
    described = (definition.node.add(), inner, inner.node_def.add())
    for each in described:
        each.attr["_XlaMustCompile"].b = True
        each.attr["T"].i = 1
    strip_attributes(definition, ["_XlaMustCompile"])
    assert [list(each.attr) for each in described] == [["T"]] * 3


def test_a_file_says_what_it_is_beside_what_it_said(tmp_path):
    file = graph(tmp_path / "model.onnx")
    before = sha256(file)
    describe(file, {"source": "mine"})
    as_json = {"labels": ["größe"], "input": {"kind": "image"}, "dataset_digests": {}}
    describe(
        file, {"task": "image_classification", "pretrained": "No.", **{k: json.dumps(v) for k, v in as_json.items()}}
    )
    assert read_onnx(file).described == {"task": "image_classification", "pretrained": "No.", **as_json}
    assert ("source", "mine") in [(each.key, each.value) for each in onnx.load(file).metadata_props]
    assert sha256(file) != before


def test_inputs_get_the_names_of_columns(tmp_path):
    file = graph(tmp_path / "model.onnx")
    rename_inputs(file, {"x": "Mean radius (mm)"})
    x = np.array([[-1, 2, -3]], np.float32)
    np.testing.assert_array_equal(OnnxFile(file)({"Mean radius (mm)": x})["y"], np.abs(x))
