"""The model folder of a model of images."""

from pathlib import Path
from typing import Any

from ..data.dataset import Dataset
from .backbones import Backbone
from .folder import MULTI_LABEL, ModelFolder


def image_model(
    path: Path, name: str, dataset: Dataset, backbone: Backbone, parameters: dict[str, Any], seed: int
) -> ModelFolder:
    """A model folder, not saved yet, for a model on a backbone that was trained on a data set.

    Args:
        path: of the folder.
        name: for tables and pages.
        dataset: what it was trained on.
        backbone: what it was built on.
        parameters: of its training.
        seed: of its training.
    """
    size = backbone.image_size
    several = {MULTI_LABEL: True} if dataset.is_multi_label else {}
    return ModelFolder(
        path=path,
        name=name,
        task=dataset.task,
        labels=dataset.labels,
        framework="tensorflow",
        pretrained=backbone.pretrained,
        dataset_digests=dataset.digests,
        input={"kind": "image", "name": "image_tensor", "height": size, "width": size},
        parameters={"backbone": backbone.network.name, **several, **parameters},
        seed=seed,
    )
