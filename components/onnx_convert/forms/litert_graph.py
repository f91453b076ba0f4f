"""What a LiteRT file is made of: a TensorFlow function of one item."""

from typing import Any

import tensorflow as tf

from .detection_op import detect
from .job import Job

PIXELS = "pixels"


def item_function(job: Job) -> Any:
    """The model as a concrete function of one item.

    Returns:
        Of an image model: from `pixels` float32 [1, S, S, 3], 0..255, at the network's size, to the outputs of the
        signature. Of another model: the signature, with a batch of one; other free sizes stay free.

    Raises:
        RefusedError: the image model is too old.
    """
    if not job.takes_images:
        signature = job.model.loaded.signatures[job.model.key]
        _, taken = signature.structured_input_signature
        specs = {name: _of_one(name, spec) for name, spec in taken.items()}
        return tf.function(lambda **tensors: signature(**tensors)).get_concrete_function(**specs)
    size, network = job.size, job.function("at_own_size")
    spec = tf.TensorSpec((1, size, size, 3), tf.float32, name=PIXELS)
    if not job.is_detector:
        return tf.function(lambda pixels: network(pixels)).get_concrete_function(spec)
    # The operator takes its anchors as a constant only.
    anchors = tf.constant(network(tf.zeros(spec.shape))["anchors"].numpy())

    def answer(pixels: tf.Tensor) -> dict[str, tf.Tensor]:
        found = network(pixels)
        return detect(found["logits"], found["codes"], anchors)

    return tf.function(answer).get_concrete_function(spec)


def _of_one(name: str, spec: tf.TensorSpec) -> tf.TensorSpec:
    if not spec.shape.rank:
        return tf.TensorSpec(spec.shape, spec.dtype, name=name)
    return tf.TensorSpec([1, *spec.shape.as_list()[1:]], spec.dtype, name=name)
