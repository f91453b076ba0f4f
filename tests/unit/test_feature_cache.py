"""Decoded images and a frozen network's features: computed once, found again, and never half."""

import shutil
import subprocess
import sys
import threading
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from types import SimpleNamespace

import keras
import numpy as np
import pytest
import tensorflow as tf
from PIL import Image
from tiny_models import an_item

from graduate.components.errors import InputError
from graduate.components.fine_tune.settings.config import Augmentation
from graduate.components.models import cache, features, image_data
from graduate.components.models.cache import computed_once, key
from graduate.components.models.detection.labels import BoxArrays
from graduate.components.models.features import FeatureCache, affordable_views
from graduate.components.models.image_data import decode_images
from graduate.components.models.views import boxes_of_views, view_of

SIZE = 32
SHAPES = [(40, 30), (1, 1), (900, 1), (1, 700), (64, 64), (33, 31)]


@pytest.fixture
def items(tmp_path):
    rng = np.random.default_rng(0)
    made = []
    for number, (width, height) in enumerate(SHAPES):
        path = tmp_path / f"{number}.png"
        Image.fromarray(rng.integers(0, 256, (height, width, 3), np.uint8)).save(path)
        made.append(an_item(path, path.name))
    return made


def expected(item):
    picture = np.asarray(Image.open(item.uri), np.float32)
    return tf.cast(tf.round(tf.image.resize(picture, (SIZE, SIZE))), tf.uint8).numpy()


def never(*_):
    raise AssertionError("computed again")


def test_images_of_any_shape_are_decoded_in_their_order(tmp_path, items, monkeypatch):
    monkeypatch.setattr(image_data, "LARGE_PIXELS", 800)  # some of them are then decoded one at a time
    kept, pixels = decode_images(items, SIZE, tmp_path / "cache")
    assert kept == items
    np.testing.assert_array_equal(pixels, [expected(item) for item in items])


def test_images_that_are_gone_or_changed_are_set_aside_and_named(tmp_path, items, capsys):
    (tmp_path / "1.png").unlink()
    (tmp_path / "4.png").write_bytes(b"cut sh")
    kept, pixels = decode_images(items, SIZE, tmp_path / "cache")
    assert kept == [items[place] for place in (0, 2, 3, 5)]
    np.testing.assert_array_equal(pixels, [expected(item) for item in kept])
    log = capsys.readouterr().out
    assert "set aside:" in log
    assert "1.png" in log
    assert "4.png" in log
    assert "has changed since it was imported" in log
    assert "2 of 6 images cannot be read and are set aside" in log


def test_without_any_readable_image_there_is_nothing_to_train_on(tmp_path, items):
    for item in items:
        (tmp_path / item.id).unlink()
    with pytest.raises(InputError, match="none of the 6 images can be read"):
        decode_images(items, SIZE, tmp_path / "cache")
    assert decode_images([], SIZE, tmp_path)[1].shape == (0, SIZE, SIZE, 3)


def test_a_restarted_training_finds_the_images_that_it_began_with(tmp_path, items, monkeypatch):
    gone = (tmp_path / "1.png").read_bytes()
    (tmp_path / "1.png").unlink()
    kept, pixels = decode_images(items, SIZE, tmp_path / "cache")
    (tmp_path / "1.png").write_bytes(gone)
    with monkeypatch.context() as changed:
        changed.setattr(image_data, "_decode_resized", never)
        again, found = decode_images(items, SIZE, tmp_path / "cache")
    assert again == kept
    np.testing.assert_array_equal(found, pixels)
    assert len(decode_images(items, SIZE + 1, tmp_path / "cache")[0]) == len(items), "another size is another array"
    assert len(decode_images(items[:2], SIZE, tmp_path / "cache")[0]) == 2, "other images are another array"


def test_a_computation_that_was_killed_leaves_nothing_that_counts(tmp_path):
    place = tmp_path / key(["x"])
    script = (
        "import os, pathlib, signal; from graduate.components.models.cache import computed_once\n"
        "def die(folder):\n"
        "    (folder / 'half').write_text('half')\n"
        "    os.kill(os.getpid(), signal.SIGKILL)\n"
        f"computed_once(pathlib.Path({str(place)!r}), die)"
    )
    assert subprocess.run([sys.executable, "-c", script], check=False).returncode < 0
    assert not place.exists()
    computed_once(place, lambda folder: (folder / "whole").touch())
    assert [file.name for file in place.iterdir()] == ["whole"]
    computed_once(place, never)


def test_only_what_an_earlier_process_has_computed_is_said_to_be_found(tmp_path, monkeypatch, capsys):
    for _ in range(2):
        computed_once(tmp_path / "place", lambda folder: None)
    assert not capsys.readouterr().out
    monkeypatch.setattr(cache, "_known", set())  # as in another process
    for _ in range(2):
        computed_once(tmp_path / "place", never)
    assert capsys.readouterr().out == "place: found, as computed before\n"


def test_of_two_that_want_the_same_one_computes_and_the_other_waits(tmp_path):
    started, computed = threading.Event(), []

    def compute(folder):
        started.set()
        computed.append(folder)
        threading.Event().wait(0.2)

    with ThreadPoolExecutor(2) as pool:
        first = pool.submit(computed_once, tmp_path / "place", compute)
        started.wait()
        second = pool.submit(computed_once, tmp_path / "place", compute)
        assert first.result() == second.result() == tmp_path / "place"
    assert len(computed) == 1


def network(seed=0):
    """Of two outputs, for images of any size."""
    keras.utils.set_random_seed(seed)
    images = keras.Input((None, None, 3))
    maps = keras.layers.Conv2D(4, 3, 8)(images)
    return keras.Model(images, [maps, keras.layers.GlobalAveragePooling2D()(maps)], name="tiny")


def test_features_are_what_the_network_makes_of_every_view(tmp_path, items):
    model, splits = network(), {"train": items[:4], "validation": items[4:], "test": []}
    maps = FeatureCache(model, splits, tmp_path / "cache", views=2, seed=3).at(SIZE)
    assert {split: len(levels[0]) for split, levels in maps.items()} == {"train": 8, "validation": 2, "test": 0}
    _, pixels = decode_images(items[:4], SIZE, tmp_path / "cache")
    for view in (0, 1):
        seen = view_of(pixels, view, 0, 4, seed=3)
        for level, values in zip(maps["train"], model(seen / np.float32(127.5) - 1), strict=True):
            assert level.dtype == np.float16
            np.testing.assert_allclose(level[4 * view : 4 * view + 4], values, atol=2e-3)


def cache_of(items, folder, seed=0, **views):
    return FeatureCache(network(seed), {"train": items}, folder, **views).at(SIZE)["train"][0]


def test_features_are_found_again_for_the_same_images_weights_and_views_only(tmp_path, items, monkeypatch):
    folder = tmp_path / "cache"
    first = cache_of(items, folder, views=2)
    with monkeypatch.context() as changed:
        changed.setattr(FeatureCache, "_compute", never)
        np.testing.assert_array_equal(cache_of(items, folder, views=2), first)
        for other in [
            lambda: cache_of(items, folder, seed=1, views=2),
            lambda: cache_of(items[:3], folder, views=2),
            lambda: cache_of(items, folder, views=3),
            lambda: FeatureCache(network(), {"train": items}, folder, 2, seed=5).at(SIZE),
            lambda: FeatureCache(network(), {"train": items}, folder, 2).at(2 * SIZE),
            lambda: cache_of(items, folder, views=2, augmentation=Augmentation()),
        ]:
            with pytest.raises(AssertionError, match="computed again"):
                other()


def test_features_of_images_that_cannot_be_read_are_refused(tmp_path, items):
    items[2] = replace(items[2], sha256="0" * 64)
    with pytest.raises(InputError, match="images cannot be read, see the log \\(1\\)"):
        cache_of(items, tmp_path / "cache")


def test_so_many_views_are_taken_as_the_disk_has_room_for(monkeypatch):
    model = network()
    image = (4 * 4 * 4 + 4) * 2
    monkeypatch.setattr(features, "MOST_BYTES", 10 * image)
    assert [affordable_views(model, SIZE, count, 4) for count in (1, 3, 10, 11)] == [4, 3, 1, 0]


def test_views_can_be_what_a_training_augments_with():
    images = np.zeros((5, 64, 64, 3), np.uint8)
    images[:, 20:40, 10:50] = 255
    truth = BoxArrays(
        np.tile(np.array([20 / 64, 10 / 64, 40 / 64, 50 / 64], np.float32), (5, 1, 1)), np.zeros((5, 1), np.int32)
    )
    flips = Augmentation(vertical_flip=True, zoom=0, brightness=0)
    boxes = boxes_of_views(truth, 2, 0, flips)
    flipped = 0
    for place, picture in enumerate(
        np.concatenate([view_of(images, 1, 0, 2, 0, flips), view_of(images, 1, 2, 5, 0, flips)])
    ):
        rows = np.nonzero(picture[..., 0])[0]
        np.testing.assert_allclose(
            boxes.boxes[5 + place, 0, [0, 2]], [rows.min() / 64, (rows.max() + 1) / 64], atol=1e-6
        )
        flipped += bool(rows.min() != 20)
    assert 0 < flipped < 5


def test_a_disk_without_room_is_said_before_anything_is_written(tmp_path, items, monkeypatch):
    monkeypatch.setattr(shutil, "disk_usage", lambda folder: SimpleNamespace(free=100))
    with pytest.raises(InputError, match=r"has 0\.00 GiB left.*give a checkpoint_dir"):
        cache_of(items, tmp_path)
    assert not list(tmp_path.rglob("*.npy"))
