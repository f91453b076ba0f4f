"""Names of TF-Slim's MobileNets and of the TF Object Detection API's SSDLite, as variables of our networks.

https://github.com/tensorflow/models: research/slim/nets/mobilenet, and in research/object_detection,
models/feature_map_generators.py.
"""

import re
from collections.abc import Sequence

from .bundle import Tensor
from .weights import NORM, Weight, Weights, complete_norms

# The layer in a checkpoint; the convolution and the batch norm that it is here.
_LAYERS = (
    (r"MobilenetV2/Conv", "Conv1", "bn_Conv1"),
    (r"MobilenetV2/Conv_1", "Conv_1", "Conv_1_bn"),
    (r"MobilenetV2/expanded_conv/(depthwise|project)", r"expanded_conv_\1", r"expanded_conv_\1_BN"),
    (r"MobilenetV2/expanded_conv_(\d+)/(expand|depthwise|project)", r"block_\1_\2", r"block_\1_\2_BN"),
    (r"MobilenetV2/layer_19_1_Conv2d_(\d)_1x1_\d+", r"extra_\1_narrow", r"extra_\1_narrow_norm"),
    (r"MobilenetV2/layer_19_2_Conv2d_(\d)_3x3_s2_\d+_depthwise", r"extra_\1_depthwise", r"extra_\1_depthwise_norm"),
    (r"MobilenetV2/layer_19_2_Conv2d_(\d)_3x3_s2_\d+", r"extra_\1_wide", r"extra_\1_wide_norm"),
    (r"BoxPredictor_(\d)/BoxEncodingPredictor(|_depthwise)", r"box_predictor_\1_box\2", r"box_predictor_\1_box\2_norm"),
    (r"BoxPredictor_(\d)/ClassPredictor(|_depthwise)", r"box_predictor_\1_class\2", r"box_predictor_\1_class\2_norm"),
    (r"MobilenetV1/Conv2d_0", "conv1", "conv1_bn"),
    (r"MobilenetV1/Conv2d_(\d+)_depthwise", r"conv_dw_\1", r"conv_dw_\1_bn"),
    (r"MobilenetV1/Conv2d_(\d+)_pointwise", r"conv_pw_\1", r"conv_pw_\1_bn"),
)
_CONVOLUTION = {"weights": "kernel", "depthwise_weights": "kernel", "Conv2D/merged_input": "kernel", "biases": "bias"}
# `mul` and `sub` are what is left of a batch norm that was folded into its convolution.
_BATCH_NORM = {f"BatchNorm/{name}": name for name in NORM} | {
    "BatchNorm/batchnorm/mul": "gamma",
    "BatchNorm/batchnorm/sub": "beta",
}


def from_slim(tensors: Sequence[Tensor]) -> Weights:
    """What of a TF-Slim network's tensors has a place in ours; class predictors without their background class."""
    weights = {path: Weight(tensor.key, tensor.value) for tensor in tensors if (path := _path(tensor.name))}
    for level in range(6):
        _drop_background(weights, f"box_predictor_{level}_")
    return complete_norms(weights)


def _path(name: str) -> str | None:
    for pattern, convolution, norm in _LAYERS:
        if found := re.search(f"(?:^|/){pattern}/", name):
            tail = name[found.end() :]
            if tail in _CONVOLUTION:
                return f"{found.expand(convolution)}/{_CONVOLUTION[tail]}"
            if tail in _BATCH_NORM:
                return f"{found.expand(norm)}/{_BATCH_NORM[tail]}"
    return None


def _drop_background(weights: Weights, predictor: str) -> None:
    """There, the first of each anchor's classes is the background; here, it is that no class is likely."""
    boxes = weights.get(f"{predictor}box/bias")
    for path in (f"{predictor}class/kernel", f"{predictor}class/bias"):
        if boxes is None or path not in weights:
            continue
        value = weights[path].value
        anchors = boxes.value.size // 4
        classes = value.reshape(*value.shape[:-1], anchors, -1)[..., 1:]
        weights[path] = Weight(weights[path].source, classes.reshape(*value.shape[:-1], -1))
