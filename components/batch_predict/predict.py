"""Batch prediction: an input and a model in, Vertex AI's own result files out.

prediction.results-NNNNN-of-NNNNN   what was predicted, see `results`
prediction.errors-NNNNN-of-NNNNN    what could not be, and why
summary.json                        counts and rates, written when inputs = results + errors was checked
plan.json                           what the folder holds, see `plan`
page.html                           the same for people
"""

import json
import math
import time
from collections.abc import Mapping
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, get_args

from loky import cpu_count

from ..data import storage
from ..errors import InputError
from ..prediction.reading import Activation, Channels, Layout, Reading, Scaling
from .choices import BeamRunner, Engine, ResultsFormat
from .job import Job
from .opening import opened, settings_of
from .results import writing_to
from .workers import predict_on_workers


def predict(
    model: str,
    input: str,
    output: str,
    page: str = "",
    workers: int = 0,
    engine: Engine = "local",
    results_format: ResultsFormat = "jsonl",
    confidence_threshold: float = 0.0,
    max_predictions: int = 0,
    layout: Layout = "",
    scaling: Scaling = "",
    channels: Channels = "rgb",
    labels: str = "",
    activation: Activation = "",
    hourly_cost: float = 0.0,
    vertex_project: str = "",
    vertex_location: str = "us-central1",
    vertex_staging: str = "",
    vertex_model: str = "",
    vertex_machine_type: str = "n1-standard-4",
    vertex_starting_replicas: int = 1,
    vertex_max_replicas: int = 10,
    vertex_encryption_key: str = "",
    vertex_service_account: str = "",
    vertex_labels: str = "",
    vertex_monitoring_data: str = "",
    vertex_monitoring_target: str = "",
    vertex_monitoring_emails: str = "",
    vertex_gcp_resources: str = "",
    beam_runner: BeamRunner = "DirectRunner",
    beam_project: str = "",
    beam_region: str = "",
    beam_temp_location: str = "",
    beam_machine_type: str = "",
    beam_service_account: str = "",
    beam_subnetwork: str = "",
) -> dict[str, Any]:
    """Predicts every record of an input, each exactly once.

    Killed and started again with the same output folder, it predicts only the shards that are not finished. The
    result and error files are the same whatever the engine and the number of workers.

    Args:
        model: path or gs:// URI of a model folder with model.onnx, or of an ONNX file whose one input is images.
        input: path or gs:// URI of images, a data set, JSON lines, TFRecord, CSV or Parquet files.
        output: path or gs:// URI of the folder for results, errors and summary.json.
        page: file for the page (HTML); page.html in the output folder where not given.
        workers: processes, each on one thread; as many as this process may use cores where not given.
        engine: where it is predicted: on this machine, by a job of Vertex AI, or in a Beam pipeline.
        results_format: of the result files; errors are JSON lines always.
        confidence_threshold: labels and boxes less sure than this are left out; 0..1.
        max_predictions: the most labels or boxes of a record that are kept, the surest; 0 for all.
        layout: of an ONNX file's input; where its shape does not say it.
        scaling: of the pixels that an ONNX file takes, where its type does not say it; written --scaling=-1..1.
        channels: their order in an ONNX file's input.
        labels: file with a label per line, for an ONNX file.
        activation: what makes probabilities of an ONNX file's answers; where they do not show it.
        hourly_cost: of the machine, for the cost in the summary.
        vertex_project: Google Cloud project.
        vertex_location: region.
        vertex_staging: gs:// URI under which requests and the service's own results are put.
        vertex_model: resource name of a registered model to predict with, in place of `model`, which is then empty.
        vertex_machine_type: of the replicas.
        vertex_starting_replicas: how many there are at first.
        vertex_max_replicas: how many there may be.
        vertex_encryption_key: resource name of the customer-managed key.
        vertex_service_account: account that the job runs as.
        vertex_labels: of the job, as key=value,key=value.
        vertex_monitoring_data: gs:// URI of the rows that the registered model was trained on, to be compared with.
        vertex_monitoring_target: the label column of these.
        vertex_monitoring_emails: who is told of skew, separated by commas.
        vertex_gcp_resources: file for the resource name of the job, written before it is waited for.
        beam_runner: where the pipeline runs.
        beam_project: Google Cloud project, for Dataflow as the others below.
        beam_region: of Dataflow.
        beam_temp_location: gs:// URI of a folder for what Dataflow keeps while it runs.
        beam_machine_type: of Dataflow's workers.
        beam_service_account: that the workers run as.
        beam_subnetwork: that the workers are in.

    Returns:
        What was written to summary.json.

    Raises:
        InputError: model and input do not fit, the output folder holds something else or cannot be written to, or
            nothing could be predicted.
        RuntimeError: results and errors together are not the inputs.
    """
    options = {name: value for name, value in locals().items() if name.startswith(f"{engine}_")}
    started = time.monotonic()
    _check(engine, results_format, output, confidence_threshold)
    _check_amounts(workers=workers, max_predictions=max_predictions, hourly_cost=hourly_cost)
    workers = workers or (cpu_count() if engine == "local" else 0)
    reading = Reading(layout, scaling, channels, labels, activation)
    kept = (results_format, confidence_threshold, max_predictions)
    with (
        TemporaryDirectory(prefix="model-") as copy,
        opened(input, model, reading, output, kept, options, Path(copy)) as job,
    ):
        if job.to_do:
            _predict_rest(job, engine, workers, options)
        return _finished(job, page, engine, workers, started, hourly_cost)


def _check(engine: str, results_format: str, output: str, confidence_threshold: float) -> None:
    """Refuses what cannot work before anything is read."""
    for name, choice, choices in (("engine", engine, Engine), ("results_format", results_format, ResultsFormat)):
        if choice not in get_args(choices):
            raise InputError(f"{name} is {choice!r}: give {', '.join(get_args(choices))}")
    if not output:  # which would be the working folder
        raise InputError("the output is empty: give a folder or a gs:// URI")
    if not 0 <= confidence_threshold <= 1:
        raise InputError(f"confidence_threshold is {confidence_threshold}: give a number from 0 to 1")


def _check_amounts(**amounts: float) -> None:
    for name, value in amounts.items():
        if not 0 <= value < math.inf:
            raise InputError(f"{name} is {value}: give a positive number, or 0")


def _predict_rest(job: Job, engine: Engine, workers: int, options: Mapping[str, Any]) -> None:
    """Has an engine write the shards that are not finished."""
    if job.finished:
        done = job.plan.inputs - job.to_do
        print(f"{done:,} of {job.plan.inputs:,} {job.source.unit} were predicted in an earlier run", flush=True)
    settings = settings_of(options)
    # The others are in images of their own, with much that this machine may not have.
    match engine:
        case "local":
            predict_on_workers(job, workers)
        case "vertex":
            from .vertex.engine import VertexBatchSettings, predict_on_vertex

            predict_on_vertex(job, VertexBatchSettings(**settings))
        case "beam":
            from .beam.engine import BeamSettings, predict_on_beam

            predict_on_beam(job, BeamSettings(workers=workers, **settings))


def _finished(job: Job, page: str, engine: Engine, workers: int, started: float, hourly_cost: float) -> dict[str, Any]:
    """Checks that nothing is missing, and writes page and summary."""
    # What is needed now alone: the first prediction is not to wait for it.
    from .report import page_of
    from .summary import summary_of
    from .tally import tally

    counted = tally(job)
    summary = summary_of(job, counted, engine, workers, time.monotonic() - started, hourly_cost)
    folder = job.results.folder
    _write(page or storage.join(folder, "page.html"), page_of(job, summary, counted))
    _write(storage.join(folder, "summary.json"), json.dumps(summary, indent=2, ensure_ascii=False) + "\n")
    print(f"{counted.results:,} results and {counted.errors:,} errors are in {folder}", flush=True)
    if not counted.results:
        what = f"{job.plan.inputs} {job.source.unit}"
        raise InputError(f"none of the {what} could be predicted; the first error: {counted.first_error}")
    return summary


def _write(file: str, text: str) -> None:
    with writing_to(file):
        storage.write_bytes(file, text.encode())
