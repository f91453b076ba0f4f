"""What the service says of the model itself: its metrics on its test split, and what the model looks at."""

import json
from pathlib import Path
from typing import Any

from google.cloud import aiplatform

from ...data.storage import write_atomically
from ...vertex.connect import patiently

# The service's metrics that are computed as ours are. Not among them: its rSquared (a squared correlation), its auRoc
# (averaged over all decisions), its mean average precision (of other overlaps than COCO's).
_SAME = {"logLoss": "log_loss", "rootMeanSquaredError": "rmse", "meanAbsoluteError": "mae"}


def evaluation_of(model: aiplatform.Model) -> dict[str, Any]:
    """The fields of the model's evaluation by the service; empty where it has none.

    https://cloud.google.com/vertex-ai/docs/reference/rest/v1/projects.locations.models.evaluations
    """
    found = patiently(model.list_model_evaluations)
    return found[0].to_dict() if found else {}


def own_metrics(evaluation: dict[str, Any]) -> dict[str, float]:
    """The service's own figures of the whole test split, under its own names."""
    return {
        name: float(value) for name, value in evaluation.get("metrics", {}).items() if isinstance(value, int | float)
    }


def same_metrics(evaluation: dict[str, Any]) -> dict[str, float]:
    """Those of the service's figures that mean the same as ours, under our names."""
    own = own_metrics(evaluation)
    return {ours: own[theirs] for theirs, ours in _SAME.items() if theirs in own}


def write_importance(evaluation: dict[str, Any], names: dict[str, str], file: Path) -> None:
    """Writes the mean attribution of each column to the predictions, the largest first; nothing where there is none.

    {"measure": "mean attribution", "columns": [{"column", "importance"}]}. The service's attributions are sampled
    Shapley values: https://cloud.google.com/vertex-ai/docs/explainable-ai/overview#feature-attributions

    Args:
        evaluation: from `evaluation_of`.
        names: the columns' names on the service, by the user's own.
        file: to write.
    """
    attributions = evaluation.get("modelExplanation", {}).get("meanAttributions", [])
    if not attributions:
        print("the service gives no feature attributions of this model", flush=True)
        return
    means = attributions[0]["featureAttributions"]
    columns = [{"column": name, "importance": means[known]} for name, known in names.items() if known in means]
    columns.sort(key=lambda each: -each["importance"])
    with write_atomically(file) as aside:
        record = {"measure": "mean attribution", "columns": columns}
        aside.write_text(json.dumps(record, indent=2, ensure_ascii=False) + "\n", "utf-8")
