"""Running the loop for a network of images, and what it was trained on."""

from collections.abc import Sequence
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from ...data.dataset import Dataset
from ...data.items import Item
from ...models.image_data import some_batches
from ...models.image_input import scaled
from ...models.training import settle_norms
from ..loop.learner import Learner
from ..loop.run import Outcome, run
from ..own.module import OwnModule
from ..settings.config import FineTuneConfig
from .record import fingerprint


class Images(Protocol):
    """N images at the network's size, and their pixels, uint8 [N, S, S, 3]."""

    @property
    def items(self) -> Sequence[Item]: ...

    @property
    def pixels(self) -> NDArray[np.uint8]: ...


def train_on_images(
    learner: Learner,
    images: Images,
    config: FineTuneConfig,
    dataset: Dataset,
    own: OwnModule,
    place: str,
    log_dir: str,
) -> Outcome:
    """Trains the learner's network; batch norms that were learned then get the statistics of its final weights.

    Args:
        learner: of the images.
        images: that are learned from.
        config: resolved.
        dataset: that they are from.
        own: the team's own module.
        place: of the checkpoints, see `loop.run`.
        log_dir: for TensorBoard, see `loop.run`.

    Raises:
        InputError: as `loop.run`.
    """
    key = fingerprint(config, dataset, learner.network, own, (item.id for item in images.items))
    schedule = own.rate_for(config.learning_rate_schedule)
    outcome = run(learner, config, place=place, fingerprint=key, log_dir=log_dir, schedule=schedule)
    if not config.freeze_batch_norm:
        settle_norms(learner.network, map(scaled, some_batches(images.pixels, config.seed)))
    return outcome
