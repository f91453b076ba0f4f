"""What is said of one record: its prediction, or what was wrong with it."""

from collections.abc import Mapping
from typing import Any

import numpy as np

from ..errors import InputError
from ..models.predictions import AnyPrediction

# Codes of a google.rpc.Status (google/rpc/code.proto): the record is to blame, or the model.
INVALID_ARGUMENT, INTERNAL = 3, 13

Outcome = AnyPrediction | Exception


def said(outcome: Outcome) -> dict[str, Any]:
    """The fields of a record's answer.

    Args:
        outcome: a prediction, or what was raised in its place.

    Returns:
        {"prediction": ...} or {"error": {"code", "message"}}, as JSON values.
    """
    if isinstance(outcome, InputError):
        return {"error": {"code": INVALID_ARGUMENT, "message": str(outcome)}}
    if isinstance(outcome, Exception):
        return {"error": {"code": INTERNAL, "message": f"the model failed: {outcome}"}}
    if not _is_finite(outcome):
        return {"error": {"code": INTERNAL, "message": "the model answered a number that is not finite"}}
    return {"prediction": outcome}


def select(prediction: Mapping[str, Any], confidence_threshold: float = 0.0, max_predictions: int = 0) -> Any:
    """Leaves out what the caller does not want, as the parameters of Vertex AI's own models do.

    https://cloud.google.com/vertex-ai/docs/image-data/object-detection/get-predictions

    Args:
        prediction: as `Predictor` gives it.
        confidence_threshold: labels and boxes less sure than this are left out; 0..1.
        max_predictions: the most of them that are kept, the surest; 0 for all.
    """
    if "confidences" not in prediction:
        return prediction
    # They come in descending order.
    kept = sum(confidence >= confidence_threshold for confidence in prediction["confidences"])
    kept = min(kept, max_predictions) if max_predictions else kept
    return {name: values[:kept] for name, values in prediction.items()}


def _is_finite(prediction: Mapping[str, Any]) -> bool:
    numbers = [values for name, values in prediction.items() if name not in ("displayNames", "outputs")]
    numbers += list(prediction.get("outputs", {}).values())
    return all(np.isfinite(np.asarray(values, dtype=float)).all() for values in numbers)
