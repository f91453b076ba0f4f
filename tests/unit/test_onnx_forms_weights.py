"""Weights for PyTorch: what a variable is shows in the graph, and its layout is that of PyTorch's operators.

There is no PyTorch here; ONNX's operators have the same layouts of weights.
"""

import json
from pathlib import Path
from typing import Any

import keras
import numpy as np
import onnxruntime as ort
import pytest
import tensorflow as tf
from keras import layers
from onnx import TensorProto, helper, numpy_helper
from safetensors import safe_open
from safetensors.numpy import load_file

from graduate.components.onnx_convert.forms.make import make
from graduate.components.onnx_convert.source import Source

SIZE, CHANNELS = 8, 4
IMAGES = np.random.default_rng(1).normal(size=(2, SIZE, SIZE, CHANNELS)).astype(np.float32)
ROWS = IMAGES[:, 0]
# By the layers' names.
ON_IMAGES = {
    "conv": layers.Conv2D(6, 3, strides=2),
    "grouped": layers.Conv2D(6, 3, groups=2),
    "depthwise": layers.DepthwiseConv2D(3, depth_multiplier=2),
    "transposed": layers.Conv2DTranspose(5, 3, strides=2),
    "batch_norm": layers.BatchNormalization(epsilon=0.03),
    "unscaled_norm": layers.BatchNormalization(scale=False, center=False),
    "layer_norm": layers.LayerNormalization(epsilon=0.05),
    "dense": layers.Dense(3),
    "separable": layers.SeparableConv2D(5, 3),
}
ON_ROWS = {"conv_1d": layers.Conv1D(5, 3), "lstm": layers.LSTM(3), "slopes": layers.PReLU()}


class Layers(tf.Module):
    """One layer beside the other."""

    def __init__(self) -> None:
        super().__init__()
        self.on_images, self.on_rows = dict(ON_IMAGES), dict(ON_ROWS)
        self.embedding = layers.Embedding(7, 3, name="embedding")
        images = keras.Input((SIZE, SIZE, CHANNELS), name="images")
        rows = keras.Input((SIZE, CHANNELS), name="rows")
        places = keras.Input((2,), dtype="int32", name="places")
        outputs = {}
        for inputs, group in ((images, ON_IMAGES), (rows, ON_ROWS)):
            for name, layer in group.items():
                layer.name = name
                outputs[name] = layer(inputs)
        outputs["embedding"] = self.embedding(places)
        self.network = keras.Model({"images": images, "rows": rows, "places": places}, outputs)
        random = np.random.default_rng(0)
        for weight in self.network.weights:
            weight.assign(random.uniform(0.5, 1.5, weight.shape))

    @tf.function(
        input_signature=[
            tf.TensorSpec((None, SIZE, SIZE, CHANNELS), name="images"),
            tf.TensorSpec((None, SIZE, CHANNELS), name="rows"),
            tf.TensorSpec((None, 2), tf.int32, name="places"),
        ]
    )
    def predict(self, images: tf.Tensor, rows: tf.Tensor, places: tf.Tensor) -> dict[str, tf.Tensor]:
        return self.network({"images": images, "rows": rows, "places": places}, training=False)


@pytest.fixture(scope="module")
def written(tmp_path_factory: pytest.TempPathFactory) -> tuple[dict[str, Any], Path]:
    """The layers' outputs, and the folder of their weights."""
    folder = tmp_path_factory.mktemp("weights")
    model = Layers()
    tf.saved_model.save(model, str(folder / "saved_model"), signatures=model.predict)
    (proof,) = make(["safetensors"], Source.open(folder / "saved_model"), folder / "out")
    assert proof.accepted, proof.reason
    outputs = model.predict(tf.constant(IMAGES), tf.constant(ROWS), tf.constant([[1, 5], [6, 0]]))
    return {name: value.numpy() for name, value in outputs.items()}, folder / "out"


@pytest.fixture(scope="module")
def weights(written) -> dict[str, np.ndarray]:
    return load_file(written[1] / "weights.safetensors")


@pytest.fixture(scope="module")
def name_map(written) -> dict[str, dict[str, Any]]:
    lines = json.loads((written[1] / "name_map.json").read_text(encoding="utf-8"))["tensors"]
    return {line["pytorch"]: line for line in lines}


def answers(op: str, inputs: list[np.ndarray], **attributes) -> np.ndarray:
    """What an ONNX operator answers."""
    names = [f"input_{place}" for place in range(len(inputs))]
    node = helper.make_node(op, names, ["output"], **attributes)
    given = helper.make_tensor_value_info(names[0], helper.np_dtype_to_tensor_dtype(inputs[0].dtype), inputs[0].shape)
    output = helper.make_tensor_value_info("output", TensorProto.FLOAT, None)
    constants = [numpy_helper.from_array(value, name) for name, value in zip(names[1:], inputs[1:], strict=True)]
    graph = helper.make_graph([node], "one", [given], [output], constants)
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 18)], ir_version=9)
    (found,) = ort.InferenceSession(model.SerializeToString()).run(None, {names[0]: inputs[0]})
    return np.asarray(found)


def channels_first(value: np.ndarray) -> np.ndarray:
    return np.moveaxis(value, -1, 1)


@pytest.mark.parametrize(
    ("name", "op", "attributes"),
    [
        ("conv", "Conv", {"strides": [2, 2]}),
        ("grouped", "Conv", {"group": 2}),
        ("depthwise", "Conv", {"group": CHANNELS}),
        ("transposed", "ConvTranspose", {"strides": [2, 2]}),
    ],
)
def test_a_convolution_computes_the_same_from_the_file(written, weights, name: str, op: str, attributes: dict):
    inputs = [channels_first(IMAGES), weights[f"{name}.weight"], weights[f"{name}.bias"]]
    found = answers(op, inputs, **attributes)
    np.testing.assert_allclose(found, channels_first(written[0][name]), rtol=1e-4, atol=1e-5)


def test_a_convolution_along_one_axis_computes_the_same_from_the_file(written, weights):
    found = answers("Conv", [channels_first(ROWS), weights["conv_1d.weight"], weights["conv_1d.bias"]])
    np.testing.assert_allclose(found, channels_first(written[0]["conv_1d"]), rtol=1e-4, atol=1e-5)


def test_a_dense_layer_computes_the_same_from_the_file(written, weights):
    found = answers("Gemm", [IMAGES.reshape(-1, CHANNELS), weights["dense.weight"], weights["dense.bias"]], transB=1)
    np.testing.assert_allclose(found, written[0]["dense"].reshape(-1, 3), rtol=1e-4, atol=1e-5)


def test_normalisations_compute_the_same_from_the_file_with_the_epsilon_of_the_map(written, weights, name_map):
    parameters = [weights[f"batch_norm.{part}"] for part in ("weight", "bias", "running_mean", "running_var")]
    epsilon = name_map["batch_norm.running_var"]["epsilon"]
    found = answers("BatchNormalization", [channels_first(IMAGES), *parameters], epsilon=epsilon)
    np.testing.assert_allclose(found, channels_first(written[0]["batch_norm"]), rtol=1e-4, atol=1e-5)
    parameters = [weights["layer_norm.weight"], weights["layer_norm.bias"]]
    epsilon = name_map["layer_norm.weight"]["epsilon"]
    found = answers("LayerNormalization", [IMAGES, *parameters], epsilon=epsilon)
    np.testing.assert_allclose(found, written[0]["layer_norm"], rtol=1e-4, atol=1e-5)


def test_a_normalisation_without_gamma_and_beta_has_its_statistics(weights, name_map):
    assert {name for name in weights if name.startswith("unscaled")} == {
        "unscaled_norm.running_mean",
        "unscaled_norm.running_var",
    }
    assert name_map["unscaled_norm.running_var"]["tensorflow"] == "unscaled_norm/moving_variance"


def test_an_embedding_stays_as_it_is(written, weights):
    np.testing.assert_array_equal(weights["embedding.weight"][[1, 5]], written[0]["embedding"][0])


def test_two_kernels_of_one_layer_have_names_of_their_own(weights):
    assert weights["separable.depthwise_kernel.weight"].shape == (CHANNELS, 1, 3, 3)
    assert weights["separable.pointwise_kernel.weight"].shape == (5, CHANNELS, 1, 1)


def test_what_has_no_counterpart_is_written_as_it_is_and_the_map_says_so(weights, name_map):
    without = {name for name, line in name_map.items() if not line["has_counterpart"]}
    assert {name.split(".")[0] for name in without} == {"lstm", "slopes"}
    assert weights["slopes.alpha"].shape == (SIZE, CHANNELS)


def test_the_file_says_that_it_is_for_pytorch(written):
    with safe_open(written[1] / "weights.safetensors", "np") as file:
        assert file.metadata() == {"format": "pt", "labels": "[]", "name_map": "name_map.json"}
