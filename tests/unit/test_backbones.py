"""Backbones: which network a checkpoint belongs to, and what a file that belongs to none is told."""

# The stubs of Keras know no applications without weights.
# pyright: reportArgumentType=false

from pathlib import Path

import keras
import numpy as np
import pytest

from graduate.components.errors import InputError
from graduate.components.models.backbones import compact_backbone, load_backbone

PICTURES = np.random.default_rng(0).uniform(-1, 1, (1, 64, 64, 3)).astype(np.float32)


@pytest.fixture(scope="module")
def mobilenet(shared_datasets: Path) -> Path:
    """ImageNet's weights of MobileNet, with its classification head."""
    file = shared_datasets.parent / "weights" / "mobilenet_v1_1.0_224_imagenet.weights.h5"
    if not file.is_file():
        pytest.skip(f"needs {file}")
    return file


def test_weights_of_another_architecture_are_found_by_what_fits(mobilenet):
    backbone = load_backbone(str(mobilenet))
    assert backbone.pretrained == f"Backbone MobileNet with the weights of {mobilenet}."
    assert [output.shape[-1] for output in backbone.network.outputs] == [256, 512, 1024]
    whole = keras.applications.MobileNet(weights=None)
    whole.load_weights(mobilenet)
    last = keras.Model(whole.inputs, whole.get_layer("conv_pw_13_relu").output)
    picture = np.random.default_rng(0).uniform(-1, 1, (1, 224, 224, 3)).astype(np.float32)
    np.testing.assert_allclose(backbone.network(picture)[2], last(picture), atol=1e-5)


def test_a_network_that_scales_inside_is_given_pixels(tmp_path):
    whole = keras.applications.EfficientNetV2B0(input_shape=(64, 64, 3), include_top=False, weights=None)
    whole.save_weights(tmp_path / "mine.weights.h5")
    backbone = load_backbone(str(tmp_path / "mine.weights.h5"))
    assert backbone.pretrained.startswith("Backbone EfficientNetV2B0")
    np.testing.assert_allclose(backbone.network(PICTURES)[2], whole((PICTURES + 1) * 127.5), atol=1e-5)


def test_a_checkpoint_that_was_cut_short_is_refused_in_a_sentence(tmp_path):
    compact_backbone().save_weights(tmp_path / "whole.weights.h5")
    content = (tmp_path / "whole.weights.h5").read_bytes()
    (tmp_path / "cut.weights.h5").write_bytes(content[: len(content) // 2])
    with pytest.raises(InputError, match=r"cut\.weights\.h5 fits no known backbone: it is damaged.*truncated file"):
        load_backbone(str(tmp_path / "cut.weights.h5"))


def test_weights_of_an_unknown_network_are_refused_with_the_known_ones(tmp_path):
    images = keras.Input((8, 8, 3))
    keras.Model(images, keras.layers.Conv2D(4, 3)(images)).save_weights(tmp_path / "x.weights.h5")
    with pytest.raises(InputError, match=r"fits no known backbone: give .* MobileNetV2, MobileNet"):
        load_backbone(str(tmp_path / "x.weights.h5"))
