import io
from typing import Any

import numpy as np
import pytest
from PIL import Image

from graduate.components.errors import InputError
from graduate.components.prediction.examples import encoded_image, key_of, row, serialized

DESCRIBED: Any = {
    "kind": "columns",
    "columns": [
        {"name": "age", "type": "number", "dtype": "float32"},
        {"name": "city", "type": "category", "dtype": "string"},
        {"name": "member", "type": "boolean", "dtype": "float32"},
    ],
}


@pytest.fixture(scope="module")
def tf():
    import tensorflow

    return tensorflow


@pytest.fixture(scope="module")
def png() -> bytes:
    file = io.BytesIO()
    Image.fromarray(np.zeros((4, 5, 3), np.uint8)).save(file, "PNG")
    return file.getvalue()


def test_what_tensorflow_serializes_is_read(tf, png: bytes) -> None:
    def feature(**kind: Any) -> Any:
        return tf.train.Feature(**kind)

    features = {
        "image/encoded": feature(bytes_list=tf.train.BytesList(value=[png])),
        "key": feature(bytes_list=tf.train.BytesList(value=["Überfahrt".encode()])),
        "age": feature(float_list=tf.train.FloatList(value=[0.1])),
        "city": feature(bytes_list=tf.train.BytesList(value=[b"Oslo"])),
        "member": feature(int64_list=tf.train.Int64List(value=[1])),
        "image/object/bbox/xmin": feature(float_list=tf.train.FloatList(value=[0.1, 0.2])),
    }
    example = tf.train.Example(features=tf.train.Features(feature=features)).SerializeToString()
    assert encoded_image(example) == png
    assert key_of(example) == "Überfahrt"
    assert row(example, DESCRIBED) == {"age": float(np.float32(0.1)), "city": "Oslo", "member": True}


def test_tensorflow_reads_what_is_serialized(tf, png: bytes) -> None:
    example = tf.train.Example.FromString(serialized({"image/encoded": png, "n": 2, "x": 0.5, "text": "ä"}))
    assert example.features.feature["image/encoded"].bytes_list.value == [png]
    assert example.features.feature["n"].int64_list.value == [2]
    assert example.features.feature["x"].float_list.value == [0.5]
    assert example.features.feature["text"].bytes_list.value == ["ä".encode()]


@pytest.mark.parametrize("name", ["image_bytes", "image", "encoded", "anything"])
def test_the_only_feature_that_is_an_image_is_it(name: str, png: bytes) -> None:
    assert encoded_image(serialized({name: png, "label": "cat", "text": b"\xff\xd8", "n": 3})) == png


def test_the_object_detection_apis_name_goes_before_others(png: bytes) -> None:
    assert encoded_image(serialized({"mask": png, "image/encoded": b"broken"})) == b"broken"


@pytest.mark.parametrize(
    ("features", "message"),
    [
        ({"label": "cat", "n": 1}, r"has no image in 'label', 'n': name the feature 'image/encoded'"),
        ({"image/encoded": 3}, "has no image in 'image/encoded'"),
        ({}, "has no image in any feature"),
    ],
)
def test_an_example_without_an_image_is_said(features, message: str) -> None:
    with pytest.raises(InputError, match=message):
        encoded_image(serialized(features))


def test_several_images_are_not_guessed_from(png: bytes) -> None:
    with pytest.raises(InputError, match=r"has images in 'left', 'right': name"):
        encoded_image(serialized({"left": png, "right": png}))


@pytest.mark.parametrize("data", [b"\n\x05abc", b"\xff\xff\xff", b"\x08", b"\n\x07\n\x05\n\x03\xff\xff\xff"])
def test_what_is_no_example_is_said(data: bytes) -> None:
    for read in (encoded_image, lambda example: row(example, DESCRIBED)):
        with pytest.raises(InputError, match=r"no tf\.train\.Example"):
            read(data)
    assert key_of(data) == ""


def test_rows_have_missing_values_and_absent_features(tf) -> None:
    empty = tf.train.Feature(bytes_list=tf.train.BytesList(value=[]))
    nothing = tf.train.Feature()
    features = tf.train.Features(feature={"city": empty, "age": nothing})
    assert row(tf.train.Example(features=features).SerializeToString(), DESCRIBED) == {"city": None, "age": None}


def test_bad_features_of_a_row_are_named(tf) -> None:
    two = tf.train.Features(feature={"age": tf.train.Feature(float_list=tf.train.FloatList(value=[1, 2]))})
    with pytest.raises(InputError, match="'age' has 2 values"):
        row(tf.train.Example(features=two).SerializeToString(), DESCRIBED)
    with pytest.raises(InputError, match="'city' is not UTF-8"):
        row(serialized({"city": b"\xff"}), DESCRIBED)
