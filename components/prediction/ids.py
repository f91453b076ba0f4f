"""Class indices beside the names of labels: the online answers have them, as those of AutoML's models do.

https://cloud.google.com/vertex-ai/docs/image-data/object-detection/interpret-results
"""

from collections.abc import Mapping
from typing import Any

IDS = "ids"


def add_ids(prediction: Mapping[str, Any], indices: Mapping[str, int]) -> Mapping[str, Any]:
    """A prediction with the index of the class of each of its labels, as text.

    Args:
        prediction: as `Predictor` gives it; one without labels stays as it is.
        indices: of the model's labels; without any, labels are the indices themselves.
    """
    if "displayNames" not in prediction:
        return prediction
    return {IDS: [str(indices.get(name, name)) for name in prediction["displayNames"]], **prediction}


def drop_ids(prediction: Mapping[str, Any]) -> dict[str, Any]:
    """The prediction to which `add_ids` has added indices."""
    return {name: value for name, value in prediction.items() if name != IDS}
