"""Pictures of test images under a few words each."""

from collections.abc import Mapping
from typing import Any

from ...data.dataset import Dataset
from ...data.images import decode, read_image
from ...reports.pictures import thumbnail


def pictures(dataset: Dataset, words: Mapping[str, str]) -> list[dict[str, Any]]:
    """Arguments of the macro `picture` for images of the test split, by id, in the order of their words."""
    items = {item.id: item for item in dataset.items("test") if item.id in words}
    return [
        {"uri": thumbnail(decode(read_image(items[identity]))), "caption": f"{identity}: {words[identity]}"}
        for identity in words
    ]
