"""From a TensorFlow function to a LiteRT file, by TensorFlow's converter."""

from collections.abc import Callable, Iterator
from typing import Any

import numpy as np
import tensorflow as tf
from numpy.typing import NDArray

from .detection_op import OPERATOR
from .litert_ops import operations, with_outputs_in_order
from .refused import RefusedError

Samples = Callable[[], Iterator[list[NDArray[np.float32]]]]


def to_float(function: Any, owner: Any) -> bytes:
    """A LiteRT model that computes in float32.

    Args:
        function: a concrete function with fixed shapes.
        owner: of its variables.

    Raises:
        RefusedError: LiteRT has no such operators.
    """
    return _converted(_converter(function, owner))


def to_int8(function: Any, owner: Any, samples: Samples, outputs_too: bool) -> bytes:
    """A LiteRT model that computes in whole numbers of 8 bits, calibrated on samples; it takes uint8.

    https://ai.google.dev/edge/litert/conversion/tensorflow/quantization/post_training_quantization#full_integer_quantization

    Args:
        function: a concrete function with fixed shapes.
        owner: of its variables.
        samples: gives a few hundred inputs.
        outputs_too: whether the outputs are uint8; otherwise float32.

    Raises:
        RefusedError: LiteRT has no such operators in int8.
    """
    converter = _converter(function, owner)
    converter.optimizations = [tf.lite.Optimize.DEFAULT]
    converter.representative_dataset = samples
    converter.target_spec.supported_ops = [tf.lite.OpsSet.TFLITE_BUILTINS_INT8]
    converter.inference_input_type = tf.uint8
    if outputs_too:
        converter.inference_output_type = tf.uint8
    return _converted(converter)


def _converter(function: Any, owner: Any) -> Any:
    converter = tf.lite.TFLiteConverter.from_concrete_functions([function], owner)
    converter.allow_custom_ops = True  # that of non-maximum suppression; others are refused below
    return converter


def _converted(converter: Any) -> bytes:
    try:
        content = converter.convert()
    except Exception as error:  # it raises whatever comes, of its own base class or of none
        blamed = {each.operator.name.removeprefix("tf.") for each in getattr(error, "errors", ())} - {""}
        said = f"of {', '.join(sorted(blamed))}" if blamed else f": {str(error).strip().splitlines()[0]}"
        raise RefusedError(f"TensorFlow's converter makes no LiteRT model {said}") from error
    unknown = {each.name for each in operations(content) if each.is_custom} - {OPERATOR}
    if unknown:
        raise RefusedError(f"LiteRT has no operator {', '.join(sorted(unknown))}")
    return with_outputs_in_order(content)
