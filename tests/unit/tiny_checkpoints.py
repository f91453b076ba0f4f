"""MobileNetV2 in the forms that the TF Object Detection API and others keep their weights in."""

# The stubs of TensorFlow and Keras know neither numbers as variables nor networks without weights.
# pyright: reportArgumentType=false

from collections.abc import Callable, Mapping
from pathlib import Path

import keras
import numpy as np
import tensorflow as tf
from numpy.typing import NDArray
from tensorflow.core.protobuf.saved_model_pb2 import SavedModel
from tensorflow.python.framework.convert_to_constants import convert_variables_to_constants_v2

# The names of TF-Slim, of what Keras names otherwise.
_NORM = ("gamma", "beta", "moving_mean", "moving_variance")


def mobilenet_v2(size: int | None = 32, seed: int = 0) -> keras.Model:
    """With statistics of batch norms that are not those of a fresh network, so that each must be put in its place."""
    keras.utils.set_random_seed(seed)
    network = keras.applications.MobileNetV2(input_shape=(size, size, 3), include_top=False, weights=None)
    draw = np.random.default_rng(seed)
    for variable in network.variables:
        if variable.name in _NORM:
            variable.assign(draw.uniform(0.5, 1.5, variable.shape))
    return network


def slim_tensors(network: keras.Model) -> dict[str, NDArray[np.float32]]:
    """The network's values under the names of a TF1 checkpoint of the TF Object Detection API."""
    tensors = {}
    for block, layers in _slim_layers():
        for scope, convolution, norm in layers:
            kernel = "depthwise_weights" if scope.endswith("depthwise") else "weights"
            prefix = f"FeatureExtractor/MobilenetV2/{block}{scope}"
            tensors[f"{prefix}/{kernel}"] = network.get_layer(convolution).get_weights()[0]
            for name, value in zip(_NORM, network.get_layer(norm).get_weights(), strict=True):
                tensors[f"{prefix}/BatchNorm/{name}"] = value
    return tensors


def _slim_layers():
    yield "", [("Conv", "Conv1", "bn_Conv1"), ("Conv_1", "Conv_1", "Conv_1_bn")]
    for index in range(17):
        block, ours = (f"expanded_conv_{index}/", f"block_{index}") if index else ("expanded_conv/", "expanded_conv")
        steps = ("expand", "depthwise", "project") if index else ("depthwise", "project")
        yield block, [(step, f"{ours}_{step}", f"{ours}_{step}_BN") for step in steps]


def write_tf1(folder: Path, tensors: Mapping[str, NDArray]) -> Path:
    """A checkpoint of a TF1 `Saver`, with a step counter; gives its prefix."""
    with tf.Graph().as_default(), tf.compat.v1.Session() as session:
        for name, value in tensors.items():
            tf.compat.v1.get_variable(name, initializer=tf.constant(value))
        tf.compat.v1.get_variable("global_step", initializer=tf.constant(7, tf.int64))
        session.run(tf.compat.v1.global_variables_initializer())
        return Path(tf.compat.v1.train.Saver().save(session, str(folder / "model.ckpt"), write_meta_graph=False))


def write_tf2(folder: Path, network: keras.Model) -> Path:
    """An object-based checkpoint with the keys of the TF2 detection zoo; gives its prefix."""
    backbone = tf.train.Checkpoint()
    layers = [layer for layer in network.layers if layer.variables]
    for index, layer in enumerate(layers):
        node = tf.train.Checkpoint(**{_keras_2_name(layer, each.name): tf.Variable(each) for each in layer.variables})
        setattr(backbone, f"layer_with_weights-{index}", node)
    predictor = tf.train.Checkpoint(kernel=tf.Variable(tf.zeros((3, 3, 8, 12))))
    model = tf.train.Checkpoint(
        _feature_extractor=tf.train.Checkpoint(classification_backbone=backbone), _box_predictor=predictor
    )
    return Path(tf.train.Checkpoint(model=model, step=tf.Variable(7, dtype=tf.int64)).save(str(folder / "ckpt")))


def _keras_2_name(layer: keras.Layer, name: str) -> str:
    return "depthwise_kernel" if isinstance(layer, keras.layers.DepthwiseConv2D) else name


def write_frozen(folder: Path, network: keras.Model, rename: Callable[[str], str] = str) -> Path:
    """A SavedModel in which all variables are constants, as AutoML exports them; every node is renamed."""
    call = tf.function(lambda images: network(images, training=False))
    concrete = call.get_concrete_function(tf.TensorSpec(network.input_shape))
    model = SavedModel()
    graph = model.meta_graphs.add().graph_def
    graph.CopyFrom(convert_variables_to_constants_v2(concrete).graph.as_graph_def())
    for node in graph.node:
        node.name = rename(node.name)
        node.input[:] = [rename(name.partition(":")[0]) for name in node.input]
    folder.mkdir()
    (folder / "saved_model.pb").write_bytes(model.SerializeToString())
    return folder
