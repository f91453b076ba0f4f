"""Exported models of images answer pixels, image files and tf.train.Example alike, whatever the images are."""

import io
import json
import shutil
from pathlib import Path

import keras
import numpy as np
import pytest
import tensorflow as tf
from PIL import Image
from tiny_images import image_bytes

from graduate.components.data import images, storage
from graduate.components.models.backbones import compact_backbone
from graduate.components.models.detection.anchors import make_anchors
from graduate.components.models.detection.export import ExportedDetector
from graduate.components.models.detection.network import build_detector
from graduate.components.models.image_classifier import ExportedClassifier, build_classifier
from graduate.components.models.serving import decode, publish

SIDE = 64
LABELS = ["cat", "dog", "Kuh"]
# (width, height) of images in one batch
SIZES = [(60, 40), (64, 64), (17, 300), (3000, 7), (1, 1)]


@pytest.fixture(scope="module")
def detector(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The SavedModel of a detector whose scores hang on the image."""
    keras.utils.set_random_seed(0)
    network = build_detector(compact_backbone(), len(LABELS))
    scores = network.get_layer("heads").get_layer("classes_head").layers[-1]
    kernel, bias = scores.get_weights()
    scores.set_weights([np.random.default_rng(0).normal(size=kernel.shape), np.zeros_like(bias)])
    folder = tmp_path_factory.mktemp("detector")
    ExportedDetector(network, SIDE, make_anchors(SIDE, SIDE).boxes).save(folder, LABELS)
    return folder


@pytest.fixture(scope="module")
def model(detector: Path):
    return tf.saved_model.load(str(detector))


def answers(model, name: str, values) -> dict[str, np.ndarray]:
    return {key: each.numpy() for key, each in model.signatures[name](**{name: tf.constant(values)}).items()}


def example(file: bytes, feature: str = "image/encoded") -> bytes:
    value = tf.train.Feature(bytes_list=tf.train.BytesList(value=[file]))
    return tf.train.Example(features=tf.train.Features(feature={feature: value})).SerializeToString()


def three_ways(model, files: list[bytes]) -> list[dict[str, np.ndarray]]:
    """The answers for images of one size, by each signature."""
    return [
        answers(model, "image_tensor", np.stack([images.decode(file) for file in files])),
        answers(model, "encoded_image_string_tensor", files),
        answers(model, "tf_example_string_tensor", [example(file) for file in files]),
    ]


def assert_same_bits(one: dict[str, np.ndarray], other: dict[str, np.ndarray]) -> None:
    assert one.keys() == other.keys()
    for name, value in one.items():
        assert value.tobytes() == other[name].tobytes(), name


@pytest.mark.parametrize("format_", ["PNG", "BMP", "JPEG"])
def test_the_three_signatures_answer_with_the_same_bits(model, format_: str):
    for seed, (width, height) in enumerate(SIZES):
        files = [image_bytes(seed, width, height, format_), image_bytes(seed + 10, width, height, format_)]
        pixels, encoded, examples = three_ways(model, files)
        assert_same_bits(pixels, encoded)
        assert_same_bits(pixels, examples)
        assert pixels["num_detections"].min() > 0
        assert pixels["detection_scores"][0].tobytes() != pixels["detection_scores"][1].tobytes()


def test_images_of_different_sizes_and_formats_go_in_one_batch(model):
    formats = ["PNG", "BMP", "JPEG", "PNG", "BMP"]
    files = [image_bytes(seed, *SIZES[seed], format_=each) for seed, each in enumerate(formats)]
    encoded = answers(model, "encoded_image_string_tensor", files)
    assert_same_bits(encoded, answers(model, "tf_example_string_tensor", [example(file) for file in files]))
    for place, file in enumerate(files):
        alone = answers(model, "image_tensor", images.decode(file)[None])
        for name, value in alone.items():
            # Convolutions may add up in another order for another number of images.
            np.testing.assert_allclose(encoded[name][place], value[0], atol=1e-5, err_msg=name)


def test_a_classifier_has_the_same_signatures(tmp_path: Path):
    ExportedClassifier(build_classifier(compact_backbone(), 3), SIDE).save(tmp_path, LABELS)
    model = tf.saved_model.load(str(tmp_path))
    pixels, encoded, examples = three_ways(model, [image_bytes(0), image_bytes(1)])
    assert_same_bits(pixels, encoded)
    assert_same_bits(pixels, examples)
    assert pixels["probabilities"].shape == (2, 3)
    np.testing.assert_allclose(pixels["probabilities"].sum(axis=1), 1, atol=1e-6)


def picture(mode: str) -> Image.Image:
    """A picture with edges and slopes, which decoders round differently."""
    y, x = np.mgrid[:83, :101]
    pixels = np.stack([x * 2 + y, (x - 50) ** 2 // 9 + y, 255 * ((x // 7 + y // 5) % 2)], axis=2)
    return Image.fromarray((pixels % 256).astype(np.uint8)).convert(mode)


def sixteen_bits() -> Image.Image:
    return Image.fromarray((np.arange(101 * 83) * 7).astype(np.uint16).reshape(83, 101))


def encoded_picture(image: Image.Image, format_: str, **options) -> bytes:
    buffer = io.BytesIO()
    image.save(buffer, format_, **options)
    return buffer.getvalue()


UNUSUAL = {
    "jpeg": (picture("RGB"), "JPEG", {"quality": 75}),
    "grey jpeg": (picture("L"), "JPEG", {}),
    "cmyk jpeg": (picture("CMYK"), "JPEG", {}),
    "progressive jpeg": (picture("RGB"), "JPEG", {"progressive": True}),
    "grey png": (picture("L"), "PNG", {}),
    "png with transparency": (picture("RGBA"), "PNG", {}),
    "grey png with transparency": (picture("LA"), "PNG", {}),
    "png with a colour table": (picture("P"), "PNG", {}),
    "black and white png": (picture("1"), "PNG", {}),
    "png of 16 bits": (sixteen_bits(), "PNG", {}),
    "animated gif": (picture("P"), "GIF", {"save_all": True, "append_images": [picture("L").convert("P")]}),
    "bmp of 32 bits": (picture("RGBA"), "BMP", {}),
    "grey bmp": (picture("L"), "BMP", {}),
    "webp": (picture("RGB"), "WEBP", {"lossless": True}),
}


@pytest.mark.parametrize("name", UNUSUAL)
def test_a_model_sees_the_very_pixels_that_training_sees(name: str):
    image, format_, options = UNUSUAL[name]
    file = encoded_picture(image, format_, **options)
    np.testing.assert_array_equal(decode(tf.constant(file)).numpy(), images.decode(file))


def test_an_animation_is_answered_by_its_first_frame(model):
    image, format_, options = UNUSUAL["animated gif"]
    file = encoded_picture(image, format_, **options)
    first = encoded_picture(image, "PNG")
    pixels, encoded, _ = three_ways(model, [file])
    assert_same_bits(pixels, encoded)
    assert_same_bits(encoded, answers(model, "encoded_image_string_tensor", [first]))


@pytest.mark.parametrize("broken", [b"", b"no image", image_bytes()[:100], image_bytes(format_="JPEG")[:700]])
def test_a_broken_file_fails_its_batch(model, broken: bytes):
    with pytest.raises(tf.errors.InvalidArgumentError):
        answers(model, "encoded_image_string_tensor", [image_bytes(), broken])


def test_an_example_without_an_image_says_which_feature_is_absent(model):
    with pytest.raises(tf.errors.InvalidArgumentError, match="image/encoded"):
        answers(model, "tf_example_string_tensor", [example(image_bytes(), "image")])


@pytest.mark.slow
def test_a_picture_of_a_hundred_million_pixels_is_answered(model):
    file = encoded_picture(Image.new("RGB", (10_000, 10_000), (10, 200, 30)), "PNG")
    found = answers(model, "encoded_image_string_tensor", [file])
    small = answers(model, "image_tensor", np.full((1, 8, 8, 3), (10, 200, 30), np.uint8))
    np.testing.assert_allclose(found["detection_scores"], small["detection_scores"], atol=1e-5)


def test_labels_and_preprocessing_travel_with_a_copy_of_the_model(detector: Path, tmp_path: Path):
    copy = shutil.copytree(detector, tmp_path / "elsewhere")
    assert (copy / "assets" / "labels.txt").read_text(encoding="utf-8").splitlines() == LABELS
    described = json.loads((copy / "assets" / "preprocessing.json").read_text(encoding="utf-8"))
    assert described["labels"] == LABELS
    assert (described["task"], described["height"], described["width"]) == ("object_detection", SIDE, SIDE)
    assert str(tmp_path.parent).encode() not in (copy / "saved_model.pb").read_bytes()


def test_a_label_of_two_lines_is_one_line_of_the_labels(tmp_path: Path):
    ExportedClassifier(build_classifier(compact_backbone(), 2), SIDE).save(tmp_path, ["a\nb", "c"])
    assert (tmp_path / "assets" / "labels.txt").read_text() == "a b\nc\n"


def contents(folder: str) -> dict[str, bytes]:
    return {storage.relative_name(uri, folder): storage.read_bytes(uri) for uri in storage.list_files(folder)}


def test_a_model_is_published_to_cloud_storage(detector: Path, bucket):
    publish(detector, "gs://bucket/models/1/")
    assert contents("gs://bucket/models/1") == contents(str(detector))
    times = {blob.name: blob.updated for blob in bucket.list_blobs()}
    assert times["models/1/saved_model.pb"] == max(times.values())


def test_a_model_is_published_to_a_folder_and_replaces_another(detector: Path, tmp_path: Path):
    (tmp_path / "saved_model.pb").write_text("of last week")
    publish(detector, str(tmp_path))
    assert contents(str(tmp_path)) == contents(str(detector))


def test_a_publication_that_fails_leaves_no_model(detector: Path, tmp_path: Path):
    (tmp_path / "variables").write_text("a file where a folder has to be")
    with pytest.raises(OSError, match="variables"):
        publish(detector, str(tmp_path))
    assert not (tmp_path / "saved_model.pb").exists()
