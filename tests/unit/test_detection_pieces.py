"""The pieces of the detector, each against what its paper says."""

import numpy as np
import onnxruntime
import pytest
import tensorflow as tf

from graduate.components.data.items import Box, Fault, Item
from graduate.components.models.augment import look_through, move_boxes, random_windows
from graduate.components.models.backbones import compact_backbone, load_backbone
from graduate.components.models.detection.anchors import Anchors, make_anchors, ssd_anchors
from graduate.components.models.detection.assigner import assign, match
from graduate.components.models.detection.boxes import decode, encode, generalised_iou, iou
from graduate.components.models.detection.detector import build, detector_on
from graduate.components.models.detection.export import ExportedDetector
from graduate.components.models.detection.labels import box_arrays
from graduate.components.models.detection.losses import detection_losses, focal_loss, image_losses
from graduate.components.models.detection.network import build_detector
from graduate.components.models.detection.postprocess import postprocess
from graduate.components.models.network_names import DETECTORS
from graduate.components.models.training import batch_indices, settle_norms
from graduate.components.onnx_convert.export.to_onnx import convert_saved_model


def test_anchors_cover_every_cell_of_every_level():
    anchors = make_anchors(64, 96)
    assert anchors.level_sizes == (8 * 12, 4 * 6, 2 * 3)
    assert anchors.boxes.shape == (sum(anchors.level_sizes), 4)
    centre = (anchors.boxes[0, :2] + anchors.boxes[0, 2:]) / 2
    np.testing.assert_allclose(centre * [64, 96], [4, 4])


def test_the_anchors_of_ssd_are_those_of_the_object_detection_api(shared_datasets):
    file = shared_datasets.parent / "weights" / "ssdlite_300_anchors_1917x4_yxyx.npy"
    if not file.is_file():
        pytest.skip(f"needs the anchors of a real SSDLite in {file}")
    anchors = ssd_anchors(300, 300)
    assert anchors.level_sizes == (3 * 19**2, 6 * 10**2, 6 * 5**2, 6 * 3**2, 6 * 2**2, 6)
    np.testing.assert_allclose(anchors.boxes, np.load(file), atol=1e-6)


def test_every_box_has_an_anchor_by_overlap_and_an_anchor_one_box():
    anchors = Anchors(np.array([[0, 0, 0.5, 0.5], [0.4, 0.4, 1, 1], [0.45, 0.45, 1, 1]], np.float32), (3,))
    # The second box overlaps no anchor by half, and its best one overlaps the first box more.
    boxes = tf.constant([[[0.4, 0.4, 1, 1], [0.9, 0.9, 1, 1], [0, 0, 0, 0]]], tf.float32)
    labels, assigned = (each.numpy()[0] for each in match(anchors, boxes, tf.constant([[4, 5, -1]])))
    assert labels.tolist() == [-1, 4, 5]
    np.testing.assert_array_equal(assigned[1:], boxes[0, :2])
    assert not assigned[0].any()


@pytest.mark.parametrize("architecture", DETECTORS)
def test_every_detector_answers_once_for_each_of_its_anchors(architecture):
    detector = build(architecture, 3, 64)
    logits, codes = detector.network(np.zeros((2, 64, 64, 3), np.float32))
    assert logits.shape == (2, len(detector.anchors.boxes), 3)
    assert codes.shape == (2, len(detector.anchors.boxes), 4)
    assert sum(detector.anchors.level_sizes) == len(detector.anchors.boxes)
    # An untrained head holds every class for improbable (arXiv:1708.02002, section 4.1).
    assert 0.005 < float(tf.reduce_mean(tf.sigmoid(logits))) < 0.02


def test_the_detector_of_a_checkpoint_has_its_backbone_and_its_heads():
    assert detector_on("MobileNetV2") == detector_on("MobileNetV2", "ssdlite") == "ssdlite_mobilenet_v2"
    assert detector_on("MobileNetV2", "fpnlite") == "fpnlite_mobilenet_v2"
    assert detector_on("ResNet50V2") == "fpnlite_resnet50_v2"


def test_the_losses_of_a_batch_are_those_of_its_images():
    rng = np.random.default_rng(0)
    anchors = make_anchors(64, 64).boxes
    logits, codes = (rng.normal(size=(3, len(anchors), last)).astype(np.float32) for last in (2, 4))
    labels = rng.integers(-1, 2, (3, len(anchors))).astype(np.int32)
    boxes = np.sort(rng.random((3, len(anchors), 2, 2), np.float32), axis=2).reshape(3, -1, 4)
    given = [tf.constant(value) for value in (logits, codes, anchors, labels, boxes)]
    each, whole = image_losses(*given), detection_losses(*given)
    count = float(tf.reduce_sum(each.anchors))
    assert float(tf.reduce_sum(each.classification)) / count == pytest.approx(float(whole["classification"]), rel=1e-5)
    assert float(tf.reduce_sum(each.localisation)) / count == pytest.approx(float(whole["localisation"]), rel=1e-5)


def test_an_image_size_that_the_strides_do_not_divide_is_refused():
    with pytest.raises(ValueError, match="not a multiple of 32"):
        make_anchors(100, 96)


def test_decoding_a_code_gives_the_box_back():
    anchors = tf.constant(make_anchors(64, 64).boxes)
    boxes = tf.random.stateless_uniform((len(anchors), 2), (1, 2), 0, 0.4)
    boxes = tf.concat([boxes, boxes + 0.3], -1)
    np.testing.assert_allclose(decode(encode(boxes, anchors), anchors), boxes, atol=1e-5)


def test_overlap_of_two_half_covering_boxes():
    a, b = tf.constant([0.0, 0.0, 1.0, 1.0]), tf.constant([0.0, 0.5, 1.0, 1.5])
    assert float(iou(a, b)) == pytest.approx(1 / 3)
    assert float(generalised_iou(a, b)) == pytest.approx(1 / 3)


def test_generalised_overlap_of_boxes_apart_is_negative_and_counts_the_gap():
    a, b = tf.constant([0.0, 0.0, 1.0, 1.0]), tf.constant([0.0, 3.0, 1.0, 4.0])
    assert float(iou(a, b)) == 0
    assert float(generalised_iou(a, b)) == pytest.approx(-2 / 4)


def test_each_labelled_box_gets_anchors_whose_centres_lie_in_it_and_padding_gets_none():
    anchors = make_anchors(128, 128)
    boxes = tf.constant([[[0.1, 0.1, 0.4, 0.4], [0.5, 0.5, 0.95, 0.95], [0, 0, 0, 0]]], tf.float32)
    labels, assigned = (each.numpy()[0] for each in assign(anchors, boxes, tf.constant([[3, 7, -1]])))
    assert set(labels) == {-1, 3, 7}
    centres = (anchors.boxes[:, :2] + anchors.boxes[:, 2:]) / 2
    for label in (3, 7):
        box = assigned[labels == label]
        assert (box == box[0]).all()
        inside = (centres[labels == label] > box[0, :2]) & (centres[labels == label] < box[0, 2:])
        assert inside.all()
    assert (assigned[labels == -1] == 0).all()


def test_focal_loss_is_cross_entropy_weighted_by_the_miss():
    logits, targets = tf.constant([2.0, -1.0]), tf.constant([1.0, 0.0])
    p = 1 / (1 + np.exp([-2.0, 1.0]))
    expected = [0.25 * (1 - p[0]) ** 2 * -np.log(p[0]), 0.75 * p[1] ** 2 * -np.log(1 - p[1])]
    np.testing.assert_allclose(focal_loss(logits, targets), expected, rtol=1e-5)


def test_losses_vanish_for_a_perfect_answer_and_are_finite_without_any_object():
    anchors = make_anchors(64, 64)
    boxes = tf.constant([[[0.2, 0.2, 0.8, 0.8]]])
    labels, assigned = assign(anchors, boxes, tf.constant([[1]]))
    logits = tf.where(tf.one_hot(labels, 3) > 0, 20.0, -20.0)
    codes = tf.where((labels >= 0)[..., None], encode(assigned, tf.constant(anchors.boxes)[None]), 0.0)
    perfect = detection_losses(logits, codes, tf.constant(anchors.boxes), labels, assigned)
    assert float(perfect["classification"] + perfect["localisation"]) < 1e-3
    nothing = detection_losses(
        logits, codes, tf.constant(anchors.boxes), tf.fill(labels.shape, -1), tf.zeros_like(assigned)
    )
    assert np.isfinite(float(nothing["classification"]))
    assert float(nothing["localisation"]) == 0


def test_a_box_too_small_for_any_anchor_centre_still_gets_one():
    anchors = make_anchors(128, 128)
    boxes = tf.constant([[[0.005, 0.005, 0.02, 0.02]]], tf.float32)
    labels, assigned = (each.numpy()[0] for each in assign(anchors, boxes, tf.constant([[2]])))
    assert (labels == 2).sum() == 1
    np.testing.assert_allclose(assigned[labels == 2], boxes[0])


def test_boxes_move_with_the_picture_behind_a_window():
    images = np.zeros((1, 64, 64, 3), np.uint8)
    images[0, 16:32, 16:32] = 255
    windows = random_windows(1, tf.constant([1, 2]))
    seen = look_through(tf.constant(images), windows, tf.constant([3, 4])).numpy()
    box, label = move_boxes(tf.constant([[[0.25, 0.25, 0.5, 0.5]]]), tf.constant([[4]]), windows)
    rows, columns = np.where(seen[0, ..., 0] > 160)
    edges = np.array([rows.min(), columns.min(), rows.max() + 1, columns.max() + 1]) / 64
    np.testing.assert_allclose(box[0, 0], edges, atol=0.04)
    assert int(label[0, 0]) == 4


def test_a_box_out_of_sight_is_no_box():
    window = tf.constant([[0.5, 0.5, 1.0, 1.0]])
    _, labels = move_boxes(tf.constant([[[0.0, 0.0, 0.4, 0.4], [0.6, 0.6, 0.9, 0.9]]]), tf.constant([[1, 2]]), window)
    assert labels.numpy().tolist() == [[-1, 2]]


def test_augmentation_is_decided_by_its_seed():
    images = tf.random.stateless_uniform((2, 32, 32, 3), (0, 0), 0, 255)
    one, again, other = (
        look_through(images, random_windows(2, tf.constant(seed)), tf.constant(seed))
        for seed in ((5, 6), (5, 6), (5, 7))
    )
    assert np.array_equal(one, again)
    assert not np.array_equal(one, other)


def test_the_network_answers_for_every_anchor():
    network = build_detector(compact_backbone(), 5)
    logits, codes = network(tf.zeros((2, 64, 96, 3)))
    count = len(make_anchors(64, 96).boxes)
    assert logits.shape == (2, count, 5)
    assert codes.shape == (2, count, 4)


def test_suppression_keeps_one_of_two_boxes_on_the_same_object():
    anchors = tf.constant([[0.1, 0.1, 0.5, 0.5], [0.12, 0.1, 0.5, 0.5], [0.6, 0.6, 0.9, 0.9]])
    logits = tf.constant([[[4.0, -9.0], [3.0, -9.0], [-9.0, 2.0]]])
    found = postprocess(logits, tf.zeros((1, 3, 4)), anchors)
    assert int(found["num_detections"][0]) == 2
    np.testing.assert_allclose(found["detection_boxes"][0, :2], tf.gather(anchors, [0, 2]), atol=1e-6)
    assert found["detection_classes"][0, :2].numpy().tolist() == [0, 1]


def test_arrays_of_boxes_leave_out_what_cannot_be_learned_from():
    item = Item(
        id="a.jpg", uri="/a.jpg", source="import.jsonl:1", sha256="", ml_use="", width=100, height=100, phash="",
        boxes=[Box("cat", 0.5, 0.5, 0.5, 0.9), Box("dog", 0.2, 0.3, 1.4, 0.9)],
        faults=[Fault("box_degenerate", "no width", 0)],
    )  # fmt: skip
    arrays = box_arrays([item], ["cat", "dog"])
    assert arrays.labels.tolist() == [[1]]
    np.testing.assert_allclose(arrays.boxes[0, 0], [0.3, 0.2, 0.9, 1.0])


def test_every_item_comes_once_an_epoch_in_an_order_of_the_seed():
    steps = list(batch_indices(count=10, batch_size=4, steps=5, seed=3))
    epochs = np.concatenate(steps)
    assert sorted(epochs[:10]) == sorted(epochs[10:]) == list(range(10))
    assert not np.array_equal(epochs[:10], epochs[10:])
    again = np.concatenate(list(batch_indices(count=10, batch_size=4, steps=5, seed=3)))
    assert np.array_equal(epochs, again)


def test_a_checkpoint_brings_its_weights_and_its_architecture(tmp_path):
    backbone = compact_backbone()
    backbone.save_weights(tmp_path / "mine.weights.h5")
    loaded = load_backbone(str(tmp_path / "mine.weights.h5"))
    assert loaded.is_pretrained
    for ours, theirs in zip(backbone.get_weights(), loaded.network.get_weights(), strict=True):
        np.testing.assert_array_equal(ours, theirs)


def test_a_checkpoint_that_fits_nothing_is_refused_in_a_sentence(tmp_path):
    from graduate.components.errors import InputError

    (tmp_path / "x.weights.h5").write_bytes(b"not a checkpoint")
    with pytest.raises(InputError, match="fits no known backbone"):
        load_backbone(str(tmp_path / "x.weights.h5"))


def test_settled_norms_have_the_mean_statistics_of_the_batches():
    network = build_detector(compact_backbone(), 2)
    batches = [tf.random.stateless_uniform((4, 32, 32, 3), (seed, 0), seed, seed + 1) for seed in range(3)]
    settle_norms(network, batches)
    first = network.get_layer("stage_0_down")
    expected = np.mean([np.asarray(first(batch)).mean((0, 1, 2)) for batch in batches], axis=0)
    norm = network.get_layer("stage_0_down_norm")
    np.testing.assert_allclose(norm.moving_mean, expected, rtol=1e-4, atol=1e-6)
    assert norm.momentum > 0
    heads = network.get_layer("heads").get_layer("classes_head").layers[1]
    assert np.abs(np.asarray(heads.moving_mean)).max() > 0, "the heads' norms are settled too"


def test_equal_scores_are_suppressed_alike_by_tensorflow_and_onnxruntime(tmp_path):
    network = build_detector(compact_backbone(), 2)
    scores = network.get_layer("heads").get_layer("classes_head").layers[-1]
    scores.set_weights([np.zeros_like(scores.get_weights()[0]), np.array([0.5, 0.2])])  # the same everywhere
    exported = ExportedDetector(network, 128, make_anchors(128, 128).boxes)
    exported.save(tmp_path / "saved_model", ["cat", "dog"])
    convert_saved_model(tmp_path / "saved_model", tmp_path / "model.onnx")
    image = np.random.default_rng(0).integers(0, 256, (1, 90, 120, 3), np.uint8)
    ours = exported.predict(tf.constant(image))
    names = list(ours)
    session = onnxruntime.InferenceSession(tmp_path / "model.onnx")
    for name, theirs in zip(names, session.run(names, {"image_tensor": image}), strict=True):
        np.testing.assert_allclose(theirs, ours[name], atol=1e-5, err_msg=name)
    assert int(ours["num_detections"][0]) > 10
