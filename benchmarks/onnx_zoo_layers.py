"""Small models of the ONNX zoo: layers and ops that models are made of, and those that ONNX does not have."""

# The stubs of TensorFlow and Keras know neither layers as functions nor arrays as arguments.
# pyright: reportArgumentType=false, reportCallIssue=false

from typing import Any

import keras
import tensorflow as tf
from keras import layers

from benchmarks.onnx_zoo_models import Served

Tensor = Any
_IMAGE = tf.TensorSpec((None, 16, 16, 3), tf.float32, "image")
_WORDS = ["Oslo", "Rome", "Bonn"]


def table() -> keras.Model:
    """Columns of text, numbers and codes: vocabularies, one-hot, buckets, embedding, normalisation."""
    city, age, code = (
        keras.Input((1,), name=name, dtype=dtype)
        for name, dtype in (("city", "string"), ("age", "float32"), ("code", "int64"))
    )
    encoded = [
        layers.StringLookup(vocabulary=_WORDS, output_mode="one_hot")(city),
        layers.Flatten()(layers.Embedding(5, 3)(layers.StringLookup(vocabulary=_WORDS)(city))),
        layers.Normalization(mean=40.0, variance=400.0)(age),
        layers.CategoryEncoding(4)(layers.Discretization([0.0, 18.0, 65.0])(age)),
        layers.IntegerLookup(vocabulary=[3, 5, 9], output_mode="multi_hot")(code),
    ]
    return keras.Model([city, age, code], _dense(layers.Concatenate()(encoded)))


def lstm() -> keras.Model:
    """Two directions over sequences of any length, then one over what they say."""
    series = keras.Input((None, 4), name="series")
    both = layers.Bidirectional(layers.LSTM(6, return_sequences=True))(series)
    return keras.Model(series, _dense(layers.LSTM(5)(both)))


def gru() -> keras.Model:
    """Both forms of the reset gate."""
    series = keras.Input((12, 4), name="series")
    first = layers.GRU(6, return_sequences=True)(series)
    return keras.Model(series, _dense(layers.GRU(5, reset_after=False)(first)))


def masked_lstm() -> keras.Model:
    """Padded token sequences."""
    tokens = keras.Input((None,), name="tokens", dtype="int32")
    return keras.Model(tokens, _dense(layers.LSTM(5)(layers.Embedding(30000, 4, mask_zero=True)(tokens))))


def transformer() -> keras.Model:
    """Self-attention with a mask, layer norms and the exact GELU."""
    tokens = keras.Input((None,), name="tokens", dtype="int32")
    x = layers.Embedding(30000, 16, mask_zero=True)(tokens)
    x = layers.LayerNormalization()(x + layers.MultiHeadAttention(2, 8)(x, x))
    hidden = layers.Dense(32, activation=_exact_gelu)(x)
    x = layers.LayerNormalization()(x + layers.Dense(16)(hidden))
    return keras.Model(tokens, _dense(layers.GlobalAveragePooling1D()(x)))


def grouped_convolution() -> keras.Model:
    """Groups, with free height and width."""
    image = keras.Input((None, None, 3), name="image")
    x = layers.Conv2D(16, 3, padding="same", activation="relu")(image)
    x = layers.Conv2D(16, 3, 2, padding="same", groups=4)(x)
    return keras.Model(image, _dense(layers.GlobalMaxPooling2D()(x)))


def segmentation() -> keras.Model:
    """Down and up again: group norm, transposed convolution, bilinear and nearest neighbours."""
    image = keras.Input((32, 32, 3), name="image")
    x = layers.Conv2D(8, 3, 2, padding="same", activation="silu")(image)
    x = layers.GroupNormalization(4)(layers.SeparableConv2D(8, 3, 2, padding="same")(x))
    x = layers.Conv2DTranspose(6, 3, 2, padding="same")(layers.UpSampling2D(1, interpolation="bilinear")(x))
    return keras.Model(image, layers.Conv2D(3, 1)(layers.UpSampling2D()(x)))


def volumes() -> keras.Model:
    """Convolution and pooling in one and in three dimensions."""
    volume = keras.Input((8, 8, 8, 2), name="volume")
    x = layers.MaxPooling3D()(layers.Conv3D(4, 3, padding="same")(volume))
    x = layers.Conv1D(5, 3, padding="causal", dilation_rate=2)(layers.Reshape((64, 4))(x))
    return keras.Model(volume, _dense(layers.GlobalMaxPooling1D()(x)))


def antialiased_resize() -> Served:
    """Both kernels that ONNX has, of pictures of any size."""

    def call(image: Tensor) -> Tensor:
        return {each: tf.image.resize(image, (20, 17), each, antialias=True) for each in ("bilinear", "bicubic")}

    return Served(call, tf.TensorSpec((None, None, None, 3), tf.uint8, "image"))


def logarithm_where_positive() -> Served:
    """A side that is not taken, and not a number."""
    spec = tf.TensorSpec((None, 5), tf.float32, "x")
    return Served(lambda x: {"y": tf.where(x > 0, tf.math.log(x), 0.0)}, spec)


def integer_division() -> Served:
    """Of negative numbers too."""
    spec = tf.TensorSpec((None, 5), tf.int32, "x")
    return Served(lambda x: {"quotient": (x - 7) // 3, "rest": (x - 7) % 3}, spec)


def image_file() -> Served:
    """JPEG files as input."""

    def call(file: Tensor) -> Tensor:
        decode = lambda each: tf.image.resize(tf.io.decode_jpeg(each, channels=3), (8, 8))  # noqa: E731
        return {"mean": tf.reduce_mean(tf.map_fn(decode, file, fn_output_signature=tf.float32), (1, 2))}

    return Served(call, tf.TensorSpec((None,), tf.string, "file"))


def parsed_example() -> Served:
    """tf.train.Example as input."""
    features = {"x": tf.io.FixedLenFeature((2,), tf.float32)}
    spec = tf.TensorSpec((None,), tf.string, "example")
    return Served(lambda example: {"y": tf.io.parse_example(example, features)["x"] * 2}, spec)


def area_resize() -> Served:
    """tf2onnx takes it for nearest neighbours: valid, and wrong."""
    return Served(lambda image: {"y": tf.image.resize(image, (8, 8), "area")}, _IMAGE)


def lanczos_resize() -> Served:
    """A kernel that ONNX has not."""
    return Served(lambda image: {"y": tf.image.resize(image, (7, 9), "lanczos3")}, _IMAGE)


def hashing() -> keras.Model:
    """Farmhash of text."""
    city = keras.Input((1,), name="city", dtype="string")
    return keras.Model(city, _dense(layers.Flatten()(layers.Embedding(8, 3)(layers.Hashing(8)(city)))))


def text_vectorization() -> keras.Model:
    """Splitting of text."""
    text = keras.Input((1,), name="text", dtype="string")
    tokens = layers.TextVectorization(vocabulary=["a", "b"], output_sequence_length=4)(text)
    return keras.Model(text, _dense(layers.Flatten()(layers.Embedding(8, 3)(tokens))))


def soft_suppression() -> Served:
    """Soft non-maximum suppression, which tf2onnx takes for the hard one."""

    def call(boxes: Tensor, scores: Tensor) -> Tensor:
        indexes, kept = tf.image.non_max_suppression_with_scores(boxes, scores, 5, 0.5, 0.1, soft_nms_sigma=0.5)
        return {"indexes": indexes, "kept": kept}

    return Served(call, tf.TensorSpec((20, 4), tf.float32, "boxes"), tf.TensorSpec((20,), tf.float32, "scores"))


def random_numbers() -> Served:
    """Noise from a seed."""
    return Served(lambda image: {"y": image + tf.random.stateless_uniform(tf.shape(image), (1, 2))}, _IMAGE)


def matrix_inverse() -> Served:
    """Linear algebra."""
    return Served(lambda x: {"y": tf.linalg.inv(x)}, tf.TensorSpec((None, 3, 3), tf.float32, "x"))


CONVERTED = (
    table, lstm, gru, masked_lstm, transformer, grouped_convolution, segmentation, volumes, antialiased_resize,
    logarithm_where_positive, integer_division,
)  # fmt: skip
REFUSED = (
    image_file, parsed_example, area_resize, lanczos_resize, hashing, text_vectorization, soft_suppression,
    random_numbers, matrix_inverse,
)  # fmt: skip


def _dense(x: Tensor) -> Tensor:
    return layers.Dense(4, kernel_initializer=keras.initializers.RandomNormal(stddev=1.0), name="logits")(x)


def _exact_gelu(x: Tensor) -> Tensor:
    return keras.activations.gelu(x, approximate=False)
