"""Random changes of training images: each does what it says, boxes go with it, and neighbours do not matter."""

import numpy as np
import pytest
import tensorflow as tf

from graduate.components.fine_tune.loop.learner import DRAWS
from graduate.components.fine_tune.settings.config import Augmentation
from graduate.components.models import augment
from graduate.components.models.augment import augment_images

OFF = Augmentation(zoom=0, brightness=0)
EVERYTHING = Augmentation(
    horizontal_flip=True,
    vertical_flip=True,
    rotate_90=True,
    zoom=0.4,
    brightness=0.3,
    contrast=0.4,
    saturation=0.5,
    hue=0.1,
)
SIZE = 24


def some_images(count=1):
    return np.random.default_rng(0).integers(0, 256, (count, SIZE, SIZE, 3)).astype(np.uint8)


def draws_with(count=1, **columns):
    """Draws in the middle, but for the columns that are named."""
    draws = np.full((count, DRAWS), 0.5, np.float32)
    for name, value in columns.items():
        draws[:, getattr(augment, name)] = value
    return draws


def augmented(images, draws, augmentation, boxes=None):
    labels = None if boxes is None else tf.zeros(boxes.shape[:2], tf.int32)
    seen, moved, kept = augment_images(tf.constant(images), boxes, labels, tf.constant(draws), augmentation)
    return seen.numpy(), np.asarray(moved), np.asarray(kept)


def test_with_everything_off_nothing_changes():
    images = some_images(2)
    boxes = np.array([[[0.2, 0.3, 1.4, 0.6]]] * 2, np.float32)
    seen, moved, labels = augmented(images, draws_with(2), OFF, boxes)
    assert seen.dtype == np.float32
    np.testing.assert_array_equal(seen, images)
    np.testing.assert_array_equal(moved, boxes)
    np.testing.assert_array_equal(labels, 0)


@pytest.mark.parametrize(
    ("augmentation", "columns", "expected", "box"),
    [
        ({"horizontal_flip": True}, {"HORIZONTAL_FLIP": 0.1}, lambda x: x[:, ::-1], [0.2, 0.4, 0.5, 0.7]),
        ({"horizontal_flip": True}, {"HORIZONTAL_FLIP": 0.9}, lambda x: x, [0.2, 0.3, 0.5, 0.6]),
        ({"vertical_flip": True}, {"VERTICAL_FLIP": 0.1}, lambda x: x[::-1], [0.5, 0.3, 0.8, 0.6]),
        ({"rotate_90": True}, {"QUARTER_TURNS": 0.1}, lambda x: x, [0.2, 0.3, 0.5, 0.6]),
        ({"rotate_90": True}, {"QUARTER_TURNS": 0.3}, np.rot90, [0.4, 0.2, 0.7, 0.5]),
        ({"rotate_90": True}, {"QUARTER_TURNS": 0.6}, lambda x: np.rot90(x, 2), [0.5, 0.4, 0.8, 0.7]),
        ({"rotate_90": True}, {"QUARTER_TURNS": 1.0}, lambda x: np.rot90(x, 3), [0.3, 0.5, 0.6, 0.8]),
        (
            {"rotate_90": True, "horizontal_flip": True},
            {"QUARTER_TURNS": 0.3, "HORIZONTAL_FLIP": 0.1},
            lambda x: np.rot90(x)[:, ::-1],
            [0.4, 0.5, 0.7, 0.8],
        ),
    ],
)
def test_flips_and_quarter_turns_move_pixels_and_boxes_exactly(augmentation, columns, expected, box):
    images = some_images()
    boxes = np.array([[[0.2, 0.3, 0.5, 0.6]]], np.float32)
    seen, moved, labels = augmented(images, draws_with(**columns), OFF.model_copy(update=augmentation), boxes)
    np.testing.assert_array_equal(seen[0], expected(images[0]))
    np.testing.assert_allclose(moved[0, 0], box, atol=1e-6)
    assert labels[0, 0] == 0


def test_boxes_stay_on_their_things_through_all_geometry():
    images = np.zeros((32, 96, 96, 3), np.uint8)
    images[:, 30:60, 20:70] = 255
    boxes = np.tile(np.array([30 / 96, 20 / 96, 60 / 96, 70 / 96], np.float32), (32, 1, 1))
    draws = np.random.default_rng(1).random((32, DRAWS), np.float32)
    geometry = EVERYTHING.model_copy(update={"brightness": 0, "contrast": 0, "saturation": 0, "hue": 0})
    seen, moved, labels = augmented(images, draws, geometry, boxes)
    assert (labels == 0).sum() > 25
    for picture, box in zip(seen[labels[:, 0] == 0], moved[labels == 0], strict=True):
        rows, columns = np.nonzero(picture[..., 0] > 160)  # darker is what lies outside the image
        edges = np.array([rows.min(), columns.min(), rows.max() + 1, columns.max() + 1]) / 96
        np.testing.assert_allclose(edges, box, atol=0.03)


def test_a_box_that_is_zoomed_out_of_sight_loses_its_label():
    boxes = np.array([[[0, 0, 0.1, 0.1], [0.8, 0.8, 1, 1]]], np.float32)
    draws = draws_with(SIDES=0.0, CORNERS=1.0)
    _, moved, labels = augmented(some_images(), draws, OFF.model_copy(update={"zoom": 0.4}), boxes)
    assert labels.tolist() == [[-1, 0]]
    assert moved.min() >= 0
    assert moved.max() <= 1


def test_brightness_multiplies_and_is_clipped():
    images = some_images()
    seen, *_ = augmented(images, draws_with(COLOURS=[1.0, 0.5, 0.5, 0.5]), OFF.model_copy(update={"brightness": 0.5}))
    np.testing.assert_allclose(seen, np.minimum(images * 1.5, 255), atol=1e-3)


def test_contrast_keeps_the_mean_and_scales_the_distances_from_it():
    images = np.array([[[[100] * 3, [120] * 3], [[130] * 3, [150] * 3]]], np.uint8)
    contrast = OFF.model_copy(update={"contrast": 0.5})
    seen, *_ = augmented(images, draws_with(COLOURS=[0.5, 0.0, 0.5, 0.5]), contrast)
    np.testing.assert_allclose(seen[0, ..., 0], [[112.5, 122.5], [127.5, 137.5]], atol=1e-3)


def test_saturation_of_nothing_is_the_grey_of_the_same_luma():
    images = np.full((1, 2, 2, 3), [200, 100, 50], np.uint8)
    saturation = OFF.model_copy(update={"saturation": 1.0})
    seen, *_ = augmented(images, draws_with(COLOURS=[0.5, 0.5, 0.0, 0.5]), saturation)
    np.testing.assert_allclose(seen, 0.299 * 200 + 0.587 * 100 + 0.114 * 50, atol=0.1)


def test_hue_turns_colours_as_yiq_has_them_and_leaves_greys_and_luma_alone():
    images = np.array([[[[120, 100, 90], [77, 77, 77]]]], np.uint8)
    hue = OFF.model_copy(update={"hue": 0.5})
    half_circle, *_ = augmented(images, draws_with(COLOURS=[0.5, 0.5, 0.5, 1.0]), hue)
    before, after = (tf.image.rgb_to_yiq(each / np.float32(255)).numpy()[0, 0] for each in (images, half_circle))
    np.testing.assert_allclose(after[0, 0], before[0, 0], atol=1e-3)
    np.testing.assert_allclose(after[0, 1:], -before[0, 1:], atol=1e-3)
    np.testing.assert_allclose(half_circle[0, 0, 1], 77, atol=1e-3)


@pytest.mark.parametrize("cut", [1, 3, 6])
def test_a_batch_that_is_cut_in_two_gives_the_same_to_the_last_bit(cut):
    rng = np.random.default_rng(2)
    count = 7
    images, draws = some_images(count), rng.random((count, DRAWS), np.float32)
    corners = rng.random((count, 5, 2), np.float32) / 2
    boxes = np.concatenate([corners, corners + 0.3], -1)
    in_graph = tf.function(lambda *inputs: augment_images(*inputs, augmentation=EVERYTHING), reduce_retracing=True)
    labels = np.zeros((count, 5), np.int32)
    whole = in_graph(images, boxes, labels, draws)
    parts = [in_graph(images[p], boxes[p], labels[p], draws[p]) for p in (slice(0, cut), slice(cut, None))]
    for together, apart in zip(whole, zip(*parts, strict=True), strict=True):
        np.testing.assert_array_equal(together, np.concatenate(apart))


def test_what_one_change_draws_does_not_hang_on_the_others():
    images, draws = some_images(4), np.random.default_rng(3).random((4, DRAWS), np.float32)
    flipped, *_ = augmented(images, draws, OFF.model_copy(update={"horizontal_flip": True}))
    both, *_ = augmented(images, draws, OFF.model_copy(update={"horizontal_flip": True, "brightness": 0.2}))
    gains = (0.8 + 0.4 * draws[:, augment.COLOURS][:, 0])[:, None, None, None]
    np.testing.assert_allclose(both, np.clip(flipped * gains, 0, 255), atol=1e-2)


def test_images_without_boxes_stay_without():
    draws = tf.constant(draws_with())
    seen, boxes, labels = augment_images(tf.constant(some_images()), None, None, draws, EVERYTHING)
    assert seen.shape == (1, SIZE, SIZE, 3)
    assert boxes is labels is None
