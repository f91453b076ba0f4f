"""Batch predictions with a container: instances in requests of bounded size, results in files of several workers."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from google.cloud.aiplatform_v1 import types

from . import bucket
from .checks import Checks
from .containers import Container, RequestFailedError, non_ok, running
from .errors import not_built
from .faults import Faults

_BATCH_SIZE = 64
# Results come in files of as many workers.
_WORKERS = 2


@dataclass
class Outcome:
    """What came of the instances.

    Attributes:
        results: lines by worker.
        failures: messages with the number of instances that each was said of.
        failed: number of instances without a prediction.
    """

    results: list[list[dict[str, Any]]] = field(default_factory=lambda: [[] for _ in range(_WORKERS)])
    failures: list[tuple[str, int]] = field(default_factory=list)

    @property
    def failed(self) -> int:
        return sum(count for _, count in self.failures)

    def write(self, folder: str) -> None:
        """Writes the files; of failures the service keeps messages with counts, and not whose they are."""
        for worker, lines in enumerate(self.results):
            # In no order that a client could rely on.
            bucket.write_lines(f"{folder}/prediction.results-{worker:05d}-of-{_WORKERS:05d}", reversed(lines))
        said = "".join(f"{failure!r}\n" for failure in self.failures)
        bucket.write(f"{folder}/prediction.errors_stats-00000-of-00001", said)


def check_instance_config(checks: Checks, config: types.BatchPredictionJob.InstanceConfig) -> None:
    """Checks how instances are made of lines.

    Raises:
        ApiError: it is one that is not built.
    """
    both = config.included_fields and config.excluded_fields
    checks.that(not both, "instance_config.excluded_fields", "Must be empty when included_fields is populated.")
    if config.instance_type not in ("", "object"):
        raise not_built("The emulator makes objects of instances only.")


def predict_with_container(
    model: types.Model, job: types.BatchPredictionJob, lines: Sequence[Any], parameters: Any, faults: Faults
) -> Outcome:
    """Sends the lines of the input to the model's container.

    Args:
        model: with a container.
        job: how they are sent.
        lines: of the input.
        parameters: for the model.
        faults: that are ordered for requests to the container, by its predict route.

    Raises:
        ApiError: the container does not get healthy.
    """
    outcome = Outcome()
    size = job.manual_batch_tuning_parameters.batch_size or _BATCH_SIZE
    with running(model.container_spec, model.artifact_uri) as container:
        for number, start in enumerate(range(0, len(lines), size)):
            batch = lines[start : start + size]
            try:
                instances = [_instance(line, job.instance_config) for line in batch]
                predictions = _predict(container, instances, parameters, faults)
            except (RequestFailedError, KeyError) as error:
                message = f"Post request fails. Cannot get predictions. Error: {error}"
                outcome.failures.append((message, len(batch)))
                continue
            heads = [_head(line, job.instance_config) for line in batch]
            answered = [{**head, "prediction": each} for head, each in zip(heads, predictions, strict=True)]
            outcome.results[number % _WORKERS] += answered
    return outcome


def _predict(container: Container, instances: Sequence[Any], parameters: Any, faults: Faults) -> list[Any]:
    fault = faults.of_request("POST", container.spec.predict_route)
    if fault and fault.refusal:
        raise RequestFailedError(non_ok(fault.refusal.status, json.dumps(fault.refusal.as_json())))
    return container.predict(instances, parameters)


def _instance(line: Any, config: types.BatchPredictionJob.InstanceConfig) -> Any:
    """What is sent of a line."""
    if not isinstance(line, Mapping):
        if config.key_field or config.instance_type:
            raise RequestFailedError(f"The instance is no object: {line!r:.100}")
        return line
    if config.included_fields:
        return {name: line[name] for name in config.included_fields if name != config.key_field}
    left_out = {*config.excluded_fields, config.key_field}
    return {name: value for name, value in line.items() if name not in left_out}


def _head(line: Any, config: types.BatchPredictionJob.InstanceConfig) -> dict[str, Any]:
    """What its result repeats: the key alone where there is one, else what was sent, and what was left out of it."""
    if config.key_field:
        return {"key": str(line[config.key_field])}
    left_out = {name: line[name] for name in config.excluded_fields if name in line}
    return {"instance": _instance(line, config), **left_out}
