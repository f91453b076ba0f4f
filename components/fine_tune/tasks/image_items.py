"""Which images are learned from, and which ones the best weights are chosen by."""

import hashlib

from ...data.dataset import Dataset
from ...data.items import Item

# Fewer images than this choose weights by luck.
FEWEST_TO_CHOOSE_BY = 16


def training_and_validation_items(dataset: Dataset, share: float, seed: int) -> tuple[list[Item], list[Item], str]:
    """The labelled images to learn from and to choose the best weights by.

    Args:
        dataset: of images.
        share: of the train split to hold out where the validation split has no labelled image; images of the same
            bytes stay together.
        seed: of the choice.

    Returns:
        Training items, validation items (none, where fewer than `FEWEST_TO_CHOOSE_BY` would be held out), and one
        sentence that says which they are.
    """
    train, validation = list(dataset.items("train")), list(dataset.items("validation"))
    if any(item.labels or item.usable_boxes() for item in validation):
        return train, validation, "The best weights are chosen on the validation split."
    held_out = [item for item in train if _place(item, seed) < share]
    if not share:
        return train, [], "There is no validation split, and none is held out: the last weights are kept."
    if len(held_out) < FEWEST_TO_CHOOSE_BY:
        return (
            train,
            [],
            "There is no validation split, and too few images to hold some out: the last weights are kept.",
        )
    known = [item for item in train if _place(item, seed) >= share]
    return known, held_out, f"The best weights are chosen on {len(held_out)} training images that were held out."


def _place(item: Item, seed: int) -> float:
    """Where in 0..1 a stable hash puts an image."""
    return int(hashlib.sha256(f"{seed} {item.sha256}".encode()).hexdigest()[:8], 16) / 2**32
