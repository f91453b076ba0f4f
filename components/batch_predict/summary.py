"""What a batch came to, in numbers: summary.json."""

from typing import Any

from .job import Job
from .tally import Tally


def summary_of(
    job: Job, counted: Tally, engine: str, workers: int, seconds: float, hourly_cost: float
) -> dict[str, Any]:
    """The content of summary.json.

    Args:
        job: the batch, as it was before this run.
        counted: what came out.
        engine: that predicted.
        workers: processes that it was told to use; 0 for its own choice.
        seconds: that this run took.
        hourly_cost: of the machine, in any currency; 0 where nobody knows.

    Returns:
        JSON values. `state` is one of Vertex AI's
        (https://cloud.google.com/vertex-ai/docs/reference/rest/v1/JobState), without its prefix; the rate and the cost
        are those of this run alone.
    """
    summary = {
        "state": _state(counted),
        "model": job.name,
        "task": job.predictor.task if job.predictor else None,
        "inputs": job.plan.inputs,
        "results": counted.results,
        "errors": counted.errors,
        "rejects": len(job.source.rejects),
        "predicted_in_this_run": job.to_do,
        "shards": job.plan.shards,
        "engine": engine,
        "workers": workers,
        "seconds": round(seconds, 3),
        f"{job.source.unit}_per_second": round(job.to_do / seconds, 1),
        "model_digest": job.plan.model_digest,
        "inputs_digest": job.plan.inputs_digest,
    }
    return summary | ({"cost": round(hourly_cost * seconds / 3600, 6)} if hourly_cost else {})


def _state(counted: Tally) -> str:
    if not counted.results:
        return "FAILED"
    return "PARTIALLY_SUCCEEDED" if counted.errors else "SUCCEEDED"
