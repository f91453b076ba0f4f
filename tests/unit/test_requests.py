"""Images as prediction services take them."""

import io
import json
from base64 import b64decode

import numpy as np
import pytest
import tensorflow as tf
from PIL import Image

from graduate.components.data.images import ImageError
from graduate.components.errors import InputError
from graduate.components.prediction import requests
from graduate.components.prediction.decode import decode
from graduate.components.prediction.requests import Resizing


def _file(kind: str, width: int = 40, height: int = 30) -> bytes:
    pixels = np.random.default_rng(0).integers(0, 256, (height, width, 3), dtype=np.uint8)
    buffer = io.BytesIO()
    Image.fromarray(pixels).save(buffer, kind)
    return buffer.getvalue()


def test_a_size_is_width_and_height_or_the_longest_side():
    assert Resizing.of("640x480", 90).size(100, 100) == (640, 480)
    assert Resizing.of("50", 90).size(200, 100) == (50, 25)
    assert Resizing.of("50", 90).size(20, 10) == (20, 10)
    assert Resizing.of("2", 90).size(1000, 1) == (2, 1)


@pytest.mark.parametrize(
    ("text", "quality"), [("0x5", 90), ("wide", 90), ("10x", 90), ("-3", 90), ("10", 0), ("10", 96)]
)
def test_other_sizes_and_qualities_are_refused(text, quality):
    with pytest.raises(InputError, match="give"):
        Resizing.of(text, quality)


@pytest.mark.parametrize("kind", ["JPEG", "PNG"])
def test_a_jpeg_or_png_that_is_not_resized_stays_as_it_is(kind):
    data = _file(kind)

    image = requests.encoded(data)

    assert (image.data, image.format, image.width, image.height) == (data, kind.lower(), 40, 30)
    assert requests.encoded(data, Resizing(longest=40)).data == data


def test_other_formats_keep_their_pixels():
    data = _file("TIFF")

    image = requests.encoded(data)

    assert image.format == "png"
    assert np.array_equal(decode(image.data), decode(data))


def test_a_resized_image_is_a_jpeg_of_the_quality_that_is_asked_for():
    small, large = (requests.encoded(_file("PNG"), Resizing(20, 10, quality=quality)) for quality in (20, 95))

    assert decode(large.data).shape == (10, 20, 3)
    assert (large.format, large.width, large.height) == ("jpeg", 20, 10)
    assert len(small.data) < len(large.data)


def test_a_cut_image_is_refused():
    with pytest.raises(ImageError):
        requests.encoded(_file("PNG")[:-200])


def test_tensorflow_reads_the_example():
    image = requests.encoded(_file("PNG"))

    example = tf.train.Example.FromString(requests.example("süß/a.png", image))

    features = example.features.feature
    assert features["image/encoded"].bytes_list.value == [image.data]
    assert features["image/format"].bytes_list.value == [b"png"]
    assert features["image/filename"].bytes_list.value == ["süß/a.png".encode()]
    assert features["image/source_id"].bytes_list.value == ["süß/a.png".encode()]
    assert (features["image/width"].int64_list.value, features["image/height"].int64_list.value) == ([40], [30])


def test_bodies_hold_as_many_instances_as_fit():
    instances = [json.dumps({"key": str(number), "b64": "A" * 400_000}).encode() for number in range(7)]

    bodies = list(requests.bodies(instances))

    assert all(len(body) <= requests.MAX_BODY_BYTES for body in bodies)
    assert [len(json.loads(body)["instances"]) for body in bodies] == [3, 3, 1]
    assert [each["key"] for body in bodies for each in json.loads(body)["instances"]] == list("0123456")


def test_an_instance_of_just_the_right_size_fits_and_a_byte_more_does_not():
    most = requests.MAX_BODY_BYTES - len(b'{"instances":[]}')

    requests.check_fits(b"x" * most)
    assert [len(body) for body in requests.bodies([b"x" * most] * 2)] == [requests.MAX_BODY_BYTES] * 2
    with pytest.raises(InputError, match="give --size"):
        requests.check_fits(b"x" * (most + 1))


def test_an_instance_has_the_file_in_base64():
    image = requests.encoded(_file("JPEG"))

    said = json.loads(requests.instance("a.jpg", image))

    assert said["key"] == "a.jpg"
    assert b64decode(said["b64"]) == image.data
