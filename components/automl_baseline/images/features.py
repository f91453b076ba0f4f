"""What a frozen backbone makes of images, computed once: the baselines learn from it and never touch the backbone."""

import tempfile
from collections.abc import Mapping, Sequence
from pathlib import Path

import keras
import numpy as np
from numpy.typing import NDArray

from ...data.items import Item
from ...data.progress import Progress
from ...models.backbones import Backbone
from ...models.image_data import decode_images
from ...models.image_input import scaled
from ...models.training import settle_norms
from .views import view_of

BATCH = 32
CALIBRATION_IMAGES = 64


def freeze(backbone: Backbone, items: Sequence[Item]) -> None:
    """Freezes a backbone; one that knows nothing first gets the statistics of some of these images.

    Untrained layers otherwise pass on signals of any size, and nothing mends that in a frozen network.

    Args:
        backbone: changed in place.
        items: of the training split.
    """
    if not backbone.is_pretrained:
        with tempfile.TemporaryDirectory() as folder:
            images = decode_images(items[:CALIBRATION_IMAGES], backbone.image_size, Path(folder))
            settle_norms(backbone.network, [scaled(images)])
    backbone.network.trainable = False


class FeatureCache:
    """Outputs of a frozen network for the images of all splits, computed once at each resolution and kept on disk."""

    def __init__(
        self, network: keras.Model, items: Mapping[str, Sequence[Item]], folder: Path, views: int = 1, seed: int = 0
    ) -> None:
        """Computes nothing yet.

        Args:
            network: from float32 [N, H, W, 3], of any height and width, to one or several outputs.
            items: of each split, by its name.
            folder: where the files are put; they must not outlive the cache.
            views: V, in how many views training images are seen, see `views`.
            seed: of the views.
        """
        self.items = items
        self.views = views
        self.seed = seed
        self._network = network
        self._folder = folder
        self._maps: dict[int, dict[str, list[NDArray[np.float16]]]] = {}

    def at(self, image_size: int) -> dict[str, list[NDArray[np.float16]]]:
        """The features of images of `image_size` x `image_size` pixels.

        Returns:
            By split, one memory-mapped float16 [N, ...] per output; of the train split [V * N, ...], view by view.
        """
        if image_size not in self._maps:
            self._maps[image_size] = {split: self._compute(split, image_size) for split in self.items}
        return self._maps[image_size]

    def _compute(self, split: str, image_size: int) -> list[NDArray[np.float16]]:
        folder = self._folder / f"{split}-{image_size}"
        folder.mkdir(parents=True)
        views = self.views if split == "train" else 1
        with tempfile.TemporaryDirectory(dir=folder) as scratch:
            images = decode_images(self.items[split], image_size, Path(scratch))
            return self._feature_maps(images, views, folder)

    def _feature_maps(self, images: NDArray[np.uint8], views: int, folder: Path) -> list[NDArray[np.float16]]:
        outputs = keras.tree.flatten(self._network.compute_output_spec(keras.KerasTensor((1, *images.shape[1:]))))
        shapes = [(views * len(images), *output.shape[1:]) for output in outputs]
        maps: list[NDArray[np.float16]] = [
            np.lib.format.open_memmap(folder / f"map_{level}.npy", "w+", np.float16, shape)
            for level, shape in enumerate(shapes)
        ]
        progress = Progress("features", "images", views * len(images))
        for view in range(views):
            for start in range(0, len(images), BATCH):
                seen = view_of(images, view, start, min(start + BATCH, len(images)), self.seed)
                place = view * len(images) + start
                for level, values in enumerate(keras.tree.flatten(self._network.predict_on_batch(scaled(seen)))):
                    maps[level][place : place + len(seen)] = values
                progress.advance(len(seen))
        return maps
