"""Pretrained weights in every form that is accepted, and the account of every variable."""

# The stubs of Keras know no inputs of a model.
# pyright: reportArgumentType=false

from pathlib import Path

import h5py
import keras
import numpy as np
import pytest
import tensorflow as tf
from keras.src.legacy.saving.legacy_h5_format import save_weights_to_hdf5_group
from tiny_checkpoints import mobilenet_v2, slim_tensors, write_frozen, write_tf1, write_tf2

from graduate.components.errors import InputError
from graduate.components.fine_tune.restore import variables
from graduate.components.fine_tune.restore.checkpoint import no_checkpoint, open_checkpoint
from graduate.components.models.backbones import load_backbone
from graduate.components.models.checkpoints.bundle import Tensor
from graduate.components.models.checkpoints.layers import named_weights
from graduate.components.models.checkpoints.weights import place
from graduate.components.models.detection.detector import build

PICTURE = np.random.default_rng(0).uniform(-1, 1, (1, 32, 32, 3)).astype(np.float32)


@pytest.fixture(scope="module")
def original() -> keras.Model:
    return mobilenet_v2()


@pytest.fixture(scope="module")
def detector():
    """An SSDLite with random weights for three classes."""
    return build("ssdlite_mobilenet_v2", 3, 64)


def restored(location: Path | str) -> tuple[keras.Model, list[variables.VariableRow]]:
    """A whole MobileNetV2 for images of any size with the weights of a checkpoint, as a classifier's backbone."""
    checkpoint = open_checkpoint(str(location), "classification")
    assert checkpoint.architecture == "MobileNetV2"
    network = mobilenet_v2(None, seed=9)
    return network, checkpoint.restore(network, None, checkpoint.kind)


def assert_same(network: keras.Model, original: keras.Model) -> None:
    for ours, theirs in zip(network.weights, original.weights, strict=True):
        np.testing.assert_array_equal(ours, theirs, err_msg=ours.path)
    np.testing.assert_array_equal(network(PICTURE), original(PICTURE))


def test_weights_of_keras_are_restored_whole(tmp_path, original):
    original.save_weights(tmp_path / "mine.weights.h5")
    network, rows = restored(tmp_path / "mine.weights.h5")
    assert_same(network, original)
    assert [row.name for row in rows] == [variable.path for variable in network.weights]


def test_weights_of_keras_2_are_restored_by_name_beside_a_classification_head(tmp_path):
    network = mobilenet_v2()
    logits = keras.layers.Dense(3, name="predictions")(keras.layers.GlobalAveragePooling2D()(network.output))
    with h5py.File(tmp_path / "mobilenet_v2.h5", "w") as file:
        save_weights_to_hdf5_group(file, keras.Model(network.inputs, logits))
    assert_same(restored(tmp_path / "mobilenet_v2.h5")[0], network)


def test_a_checkpoint_of_tf1_is_restored_from_its_prefix_and_from_its_folder(tmp_path, original):
    prefix = write_tf1(tmp_path, slim_tensors(original))
    for location in (tmp_path, f"{prefix}.index"):
        network, rows = restored(location)
        assert_same(network, original)
    assert rows[0].source == "FeatureExtractor/MobilenetV2/Conv/weights"


def test_a_checkpoint_of_tf2_is_restored_by_the_order_of_its_layers(tmp_path, original):
    prefix = write_tf2(tmp_path / "checkpoint", original)
    for location in (prefix, tmp_path):
        network, rows = restored(location)
        assert_same(network, original)
    layer = "model/_feature_extractor/classification_backbone/layer_with_weights-2/depthwise_kernel"
    assert rows[5].source == f"{layer}/.ATTRIBUTES/VARIABLE_VALUE"


@pytest.mark.parametrize("names", ["kept", "lost"])
def test_constants_of_a_frozen_graph_are_restored_by_name_or_by_order(tmp_path, original, names):
    numbers = {}
    number = lambda name: f"n{numbers.setdefault(name, len(numbers))}"  # noqa: E731
    write_frozen(tmp_path / "frozen", original, number if names == "lost" else str)
    network, _ = restored(tmp_path / "frozen")
    np.testing.assert_allclose(network(PICTURE), original(PICTURE), rtol=1e-3, atol=1e-4)


def test_checkpoints_in_cloud_storage_are_restored(bucket, tmp_path, original):
    write_tf1(tmp_path, slim_tensors(original))
    for file in tmp_path.iterdir():
        bucket.blob(f"zoo/{file.name}").upload_from_filename(file)
    for location in ("gs://bucket/zoo", "gs://bucket/zoo/model.ckpt"):
        network, _ = restored(location)
        assert_same(network, original)


class Exported(tf.Module):
    """As our exports hold a network."""

    def __init__(self, network: keras.Model) -> None:
        super().__init__()
        self._network = network

    @tf.function(input_signature=[tf.TensorSpec((None, 64, 64, 3), tf.float32, name="images")])
    def detect(self, images):
        return dict(zip(("logits", "codes"), self._network(images, training=False), strict=True))


def test_a_model_of_ours_is_restored_with_its_heads(tmp_path, detector):
    trained = detector
    tf.saved_model.save(Exported(trained.network), str(tmp_path / "saved_model"))
    checkpoint = open_checkpoint(str(tmp_path), None)
    assert checkpoint.kind == "detection"
    fresh = build("ssdlite_mobilenet_v2", 3, 64)
    rows = checkpoint.restore(fresh.backbone, fresh.heads, checkpoint.kind)
    assert not [row for row in rows if row.reason]
    for ours, theirs in zip(fresh.network.weights, trained.network.weights, strict=True):
        np.testing.assert_array_equal(ours, theirs)


def test_names_that_keras_counted_and_names_that_two_have_are_not_gone_by():
    kernel = np.ones((1, 1, 2, 3), np.float32)
    names = ("heads/conv2d_3/kernel", "student/Conv1/kernel", "teacher/Conv1/kernel", "student/Conv_1/kernel")
    tensors = [Tensor(name, name, kernel * index) for index, name in enumerate(names)]
    assert list(named_weights(tensors)) == ["Conv_1/kernel"]


@pytest.fixture(scope="module")
def weights_folder(shared_datasets: Path) -> Path:
    folder = shared_datasets.parent / "weights"
    if not folder.is_dir():
        pytest.skip(f"needs the pretrained weights in {folder}")
    return folder


def test_coco_fits_an_ssdlite_wholly_but_for_its_class_predictors(weights_folder):
    detector = build("ssdlite_mobilenet_v2", 3, 300)
    checkpoint = open_checkpoint(str(weights_folder / "ssdlite_mobilenet_v2_300_coco90.npz"), None)
    assert (checkpoint.kind, checkpoint.architecture, checkpoint.folded) == ("detection", "MobileNetV2", True)
    rows = checkpoint.restore(detector.backbone, detector.heads, checkpoint.kind)
    assert len(rows) == len(detector.network.weights)
    skipped = {row.name: row.reason for row in rows if row.reason}
    classes = [f"box_predictor_{level}_class/{name}" for level in range(6) for name in ("kernel", "bias")]
    assert list(skipped) == classes
    assert skipped[classes[0]] == "for another number of classes: 270 outputs in the checkpoint, 9 here"
    values = {place(variable.path): variable for variable in detector.network.weights}
    with np.load(weights_folder / "ssdlite_mobilenet_v2_300_coco90.npz", allow_pickle=False) as theirs:
        key = "FeatureExtractor|MobilenetV2|expanded_conv_15|depthwise|BatchNorm|batchnorm|mul"
        np.testing.assert_array_equal(values["block_15_depthwise_BN/gamma"], theirs[key])
        key = "BoxPredictor_3|ClassPredictor_depthwise|BatchNorm|moving_variance"
        np.testing.assert_array_equal(values["box_predictor_3_class_depthwise_norm/moving_variance"], theirs[key])


def test_coco_fits_90_classes_without_its_background(weights_folder):
    detector = build("ssdlite_mobilenet_v2", 90, 64)
    file = weights_folder / "ssdlite_mobilenet_v2_300_coco90.npz"
    rows = open_checkpoint(str(file), "detection").restore(detector.backbone, detector.heads, "detection")
    assert not [row for row in rows if row.reason]
    ours = detector.heads.get_layer("box_predictor_1_class").get_weights()[1].reshape(6, 90)
    with np.load(file, allow_pickle=False) as theirs:
        np.testing.assert_array_equal(ours, theirs["BoxPredictor_1|ClassPredictor|biases"].reshape(6, 91)[:, 1:])


def test_weights_of_imagenet_are_restored_as_a_backbone_and_said_to_be_folded(weights_folder, detector):
    location = str(weights_folder / "mobilenet_v2_1.0_224_imagenet_dequantised.weights.h5")
    checkpoint = open_checkpoint(location, None)
    assert (checkpoint.kind, checkpoint.folded) == ("classification", True)
    rows = checkpoint.restore(detector.backbone, detector.heads, checkpoint.kind)
    assert {row.part for row in rows if row.reason} == {"heads"}
    assert {row.part for row in rows if not row.reason} == {"backbone"}


def test_a_baseline_starts_from_the_backbone_of_a_detector(weights_folder):
    file = str(weights_folder / "ssdlite_mobilenet_v2_300_coco90.npz")
    backbone = load_backbone(file)
    assert backbone.pretrained == f"Backbone MobileNetV2 with the weights of {file}."
    network = mobilenet_v2(None)
    open_checkpoint(file, "classification").restore(network, None, "classification")
    np.testing.assert_array_equal(backbone.network(PICTURE)[2], network(PICTURE))


def test_heads_of_a_checkpoint_without_heads_are_refused(tmp_path, original):
    original.save_weights(tmp_path / "mine.weights.h5")
    with pytest.raises(InputError, match="no heads of one of our detectors: set fine_tune_checkpoint_type to class"):
        open_checkpoint(str(tmp_path / "mine.weights.h5"), "detection")


def test_a_checkpoint_of_another_architecture_restores_nothing_and_says_so(tmp_path, detector):
    build("fpnlite_compact", 3, 64).backbone.save_weights(tmp_path / "mine.weights.h5")
    checkpoint = open_checkpoint(str(tmp_path / "mine.weights.h5"), None)
    before = detector.backbone.get_weights()[0]
    with pytest.raises(InputError, match=r"holds nothing of the backbone: it has stage_0_down/kernel.*, compact$"):
        checkpoint.restore(detector.backbone, detector.heads, "classification")
    np.testing.assert_array_equal(detector.backbone.get_weights()[0], before)


def test_a_checkpoint_with_a_part_of_the_backbone_is_refused(tmp_path, original):
    tensors = slim_tensors(original)
    del tensors["FeatureExtractor/MobilenetV2/expanded_conv_7/expand/weights"]
    said = "of MobileNetV2 it has 259 of 260 variables: block_7_expand/kernel is missing; give all the weights"
    with pytest.raises(InputError, match=said):
        open_checkpoint(str(write_tf1(tmp_path, tensors)), None)


def test_a_head_with_a_layer_that_is_called_like_one_of_the_backbone_is_left_as_it_is(tmp_path, original):
    original.save_weights(tmp_path / "mine.weights.h5")
    images = keras.Input((32, 32, 3))
    head = keras.Model(images, keras.layers.Conv2D(32, 3, use_bias=False, name="Conv1")(images))
    before = head.get_weights()[0]
    open_checkpoint(str(tmp_path / "mine.weights.h5"), "classification").restore(mobilenet_v2(), head, "classification")
    np.testing.assert_array_equal(head.get_weights()[0], before)


def test_what_cannot_be_read_is_refused_in_a_sentence(tmp_path, original):
    np.savez(tmp_path / "objects.npz", a=np.array([{}], dtype=object))
    (tmp_path / "cut.npz").write_bytes((tmp_path / "objects.npz").read_bytes()[:50])
    (tmp_path / "model").mkdir()
    (tmp_path / "model" / "saved_model.pb").write_bytes(b"no protocol buffer")
    (tmp_path / "empty").mkdir()
    (tmp_path / "text.npz").write_text("junk")
    for name, said in {
        "objects.npz": "no .npz file of numbers",
        "cut.npz": "no .npz file of numbers",
        "text.npz": "no .npz file of numbers; copy it again",
        "model": "saved_model.pb is damaged",
        "empty": "has no checkpoint: give one of `imagenet`",
        "absent": "there is no",
    }.items():
        with pytest.raises(InputError, match=said):
            open_checkpoint(str(tmp_path / name), None)


def test_a_checkpoint_of_tf_that_was_cut_short_is_refused(tmp_path, original):
    prefix = write_tf1(tmp_path, slim_tensors(original))
    (data,) = tmp_path.glob("*.data-*")
    data.write_bytes(data.read_bytes()[:1000])
    with pytest.raises(InputError, match="cannot be read: it is damaged"):
        open_checkpoint(str(prefix), None)


def test_two_backbones_in_one_checkpoint_are_not_chosen_from(tmp_path, original):
    both = {name: mobilenet_v2(seed=seed) for seed, name in enumerate(("student", "teacher"))}
    for name, network in both.items():
        write_tf2(tmp_path / name, network)
    first, second = (tf.train.Checkpoint(model=each) for each in both.values())
    prefix = tf.train.Checkpoint(student=first, teacher=second).save(str(tmp_path / "both"))
    with pytest.raises(InputError, match="has 2 parts that could be the backbone MobileNetV2"):
        open_checkpoint(prefix, None)


def test_rows_of_a_training_are_written_and_read(tmp_path, detector):
    rows = no_checkpoint(detector.backbone, detector.heads)
    assert {row.reason for row in rows} == {"no checkpoint was given"}
    learning = {row.name: "from step 20" if row.part == "backbone" else "always" for row in rows}
    rows = variables.learned(rows, learning)
    variables.write(tmp_path / "variables.json", rows)
    assert variables.read(tmp_path / "variables.json") == rows
    assert rows[0].learning == "from step 20"
