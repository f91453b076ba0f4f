"""What a frozen network makes of images, computed once: heads learn from it and never run the network again."""

import hashlib
import tempfile
from collections.abc import Mapping, Sequence
from pathlib import Path

import keras
import numpy as np
import tensorflow as tf
from numpy.typing import NDArray

from ..data.items import Item
from ..data.progress import Progress
from ..errors import InputError
from .augment import Augmentation
from .backbones import Backbone
from .cache import check_room, computed_once, key
from .image_data import decode_images
from .image_input import scaled
from .training import settle_norms
from .views import view_of

BATCH = 32
CALIBRATION_IMAGES = 64
MOST_BYTES = 8 * 1024**3  # of disk that views may take


def freeze(backbone: Backbone, items: Sequence[Item]) -> None:
    """Freezes a backbone; one that knows nothing first gets the statistics of some of these images.

    Untrained layers otherwise pass on signals of any size, and nothing mends that in a frozen network.

    Args:
        backbone: changed in place.
        items: of the training split.
    """
    if not backbone.is_pretrained:
        with tempfile.TemporaryDirectory() as folder:
            _, images = decode_images(items[:CALIBRATION_IMAGES], backbone.image_size, Path(folder))
            settle_norms(backbone.network, [scaled(images)])
    backbone.network.trainable = False


def affordable_views(network: keras.Model, image_size: int, images: int, views: int) -> int:
    """So many views that the features of `images` training images fit into `MOST_BYTES`; 0 where not even one does."""
    values = sum(np.prod(output.shape[1:], dtype=np.int64) for output in _outputs(network, image_size))
    return int(min(views, MOST_BYTES // max(1, images * values * np.float16().nbytes)))


class FeatureCache:
    """Outputs of a frozen network for the images of all splits, computed once at each resolution and kept on disk."""

    def __init__(
        self,
        network: keras.Model,
        items: Mapping[str, Sequence[Item]],
        folder: Path,
        views: int = 1,
        seed: int = 0,
        augmentation: Augmentation | None = None,
    ) -> None:
        """Computes nothing yet.

        Args:
            network: from float32 [N, H, W, 3], of any height and width, to one or several outputs.
            items: of each split, by its name; all of them readable.
            folder: where the files are put, on this machine. They are found again there by another cache of the same
                images and views and of a network with the same name and weights.
            views: V, in how many views training images are seen, see `views`.
            seed: of the views.
            augmentation: of the views.
        """
        self.items = items
        self.views = views
        self.seed = seed
        self._augmentation = augmentation
        self._network = network
        # Not `predict`, which under a strategy of several replicas gives every row as many times.
        self._run = tf.function(network, jit_compile=network.jit_compile, reduce_retracing=True)
        self._folder = folder
        self._maps: dict[int, dict[str, list[NDArray[np.float16]]]] = {}

    def at(self, image_size: int) -> dict[str, list[NDArray[np.float16]]]:
        """The features of images of `image_size` x `image_size` pixels.

        Returns:
            By split, one memory-mapped float16 [N, ...] per output; of the train split [V * N, ...], view by view.

        Raises:
            InputError: an image is gone or has changed since it was imported.
        """
        if image_size not in self._maps:
            self._maps[image_size] = {split: self._of_split(split, image_size) for split in self.items}
        return self._maps[image_size]

    def _of_split(self, split: str, image_size: int) -> list[NDArray[np.float16]]:
        views = self.views if split == "train" else 1
        outputs = [f"{output.dtype} {output.shape}" for output in _outputs(self._network, image_size)]
        seen = [repr(self._augmentation), f"{views} views", f"seed {self.seed}"] if views > 1 else []
        images = [item.sha256 for item in self.items[split]]
        name = f"features-{image_size}-{key([_digest(self._network), *outputs, *seen, *images])}"
        place = computed_once(
            self._folder / name, lambda aside: self._compute(self.items[split], image_size, views, aside)
        )
        files = [place / f"map_{level}.npy" for level in range(len(outputs))]
        return [np.load(file, mmap_mode="r", allow_pickle=False) for file in files]

    def _compute(self, items: Sequence[Item], image_size: int, views: int, folder: Path) -> None:
        """Writes a file for each output of the network."""
        kept, images = decode_images(items, image_size, self._folder)
        if len(kept) < len(items):
            raise InputError(f"images cannot be read, see the log ({len(items) - len(kept)}): import the data again")
        shapes = [(views * len(images), *output.shape[1:]) for output in _outputs(self._network, image_size)]
        check_room(folder, int(sum(np.prod(shape) for shape in shapes)) * np.float16().nbytes)
        maps = [
            np.lib.format.open_memmap(folder / f"map_{level}.npy", "w+", np.float16, shape)
            for level, shape in enumerate(shapes)
        ]
        print(f"features: {sum(level.nbytes for level in maps) / 1024**3:.2f} GiB on disk", flush=True)
        progress = Progress("features", "images", views * len(images))
        for view in range(views):
            for start in range(0, len(images), BATCH):
                stop = min(start + BATCH, len(images))
                seen = view_of(images, view, start, stop, self.seed, self._augmentation)
                place = slice(view * len(images) + start, view * len(images) + stop)
                for level, values in enumerate(keras.tree.flatten(self._run(scaled(seen), training=False))):
                    maps[level][place] = values
                progress.advance(stop - start)
        for level in maps:
            level.flush()


def _outputs(network: keras.Model, image_size: int) -> list[keras.KerasTensor]:
    """What comes out for one image: shapes and types."""
    return keras.tree.flatten(network.compute_output_spec(keras.KerasTensor((1, image_size, image_size, 3))))


def _digest(network: keras.Model) -> str:
    """Of a network's name and weights, whatever its layers are called."""
    digest = hashlib.sha256(network.name.encode())
    for variable in network.variables:
        values = np.asarray(variable)
        digest.update(f"{values.dtype} {values.shape}".encode())
        digest.update(values.tobytes())
    return digest.hexdigest()
