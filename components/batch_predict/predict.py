"""Batch prediction: a data set and a model folder in, Vertex AI's own result files out.

    prediction.results-NNNNN-of-NNNNN   a line {"id", "instance", "prediction"} per predicted item
    prediction.errors-NNNNN-of-NNNNN    a line {"id", "instance", "error": {"code", "message"}} per other item
    summary.json                        counts and rates, written when inputs = results + errors was checked
    plan.json                           what the folder holds, see `plan`

https://docs.cloud.google.com/vertex-ai/docs/predictions/get-batch-predictions
"""

import json
import os
import time
from collections.abc import Iterable, Iterator
from concurrent.futures import FIRST_COMPLETED, Future, wait
from itertools import chain, islice
from pathlib import Path
from typing import Any

import pyarrow as pa
from loky import ProcessPoolExecutor, cpu_count

from ..data.dataset import Dataset
from ..data.items import SPLITS
from ..data.progress import Progress
from ..data.storage import write_atomically
from ..errors import InputError
from ..models.folder import ModelFolder
from ..models.model_rows import model_rows
from ..models.onnx_runner import OnnxRunner
from ..models.series_windows import check_forecastable
from .plan import Plan, pinned, plan_of
from .report import Tally, tally, write_report
from .shard import Records, end_with_parent, predict_shard


def predict(model: str, input: str, output: str, page: str = "", workers: int = 0) -> dict[str, Any]:
    """Predicts every item of a data set, all splits, each exactly once.

    Killed and started again with the same output folder, it predicts only the shards that are not finished. The
    result and error files are the same whatever the number of workers.

    Args:
        model: model folder with model.onnx.
        input: folder of the data set.
        output: folder for results, errors and summary.json.
        page: file for the page (HTML); page.html in the output folder where not given.
        workers: processes, each on one thread; as many as this process may use cores where not given.

    Returns:
        What was written to summary.json.

    Raises:
        InputError: model and data do not fit, the output folder holds something else, or no item could be predicted.
        RuntimeError: results and errors together are not the inputs.
    """
    started = time.monotonic()
    folder, dataset = ModelFolder.open(model), Dataset.open(input)
    _check(folder, dataset)
    plan = plan_of(folder, dataset)
    out = Path(output)
    with pinned(plan, out):
        unfinished = [shard for shard in range(plan.shards) if not plan.results(out, shard).exists()]
        _predict_shards(folder, dataset, plan, out, unfinished, workers or cpu_count())
        counted = tally(plan, out, folder.is_multi_label)
        predicted = sum(plan.size(shard) for shard in unfinished)
        summary = _summary(folder, dataset, plan, counted, predicted, time.monotonic() - started)
        write_report(Path(page) if page else out / "page.html", dataset, folder, summary, counted)
        with write_atomically(out / "summary.json") as aside:
            aside.write_text(json.dumps(summary, indent=2, ensure_ascii=False) + "\n", encoding="utf-8")
    if not counted.results:
        raise InputError(f"none of the {plan.inputs} items could be predicted; the first error: {counted.first_error}")
    return summary


def _check(model: ModelFolder, dataset: Dataset) -> None:
    """Refuses what cannot work before anything is written."""
    if not sum(dataset.counts.values()):
        raise InputError(f"{dataset.path} has no items to predict")
    if model.task.is_image != dataset.task.is_image:
        raise InputError(f"{model.path} is a model for {model.task}, but the data set is for {dataset.task}")
    if model.input["kind"] == "series":
        check_forecastable(dataset, model.input)
    if model.input["kind"] == "columns":
        known = {column.name for column in dataset.columns}
        absent = [column["name"] for column in model.input["columns"] if column["name"] not in known]
        if absent:
            raise InputError(f"{dataset.path} has no column {absent[0]!r}, which the model was trained on: add it")
    OnnxRunner(model)  # a broken model is said once, here, and not by every worker


def _predict_shards(
    model: ModelFolder, dataset: Dataset, plan: Plan, out: Path, unfinished: list[int], workers: int
) -> None:
    """Feeds the unfinished shards to the workers, a few ahead, so that memory does not grow with the input."""
    if not unfinished:
        return
    to_do = sum(plan.size(shard) for shard in unfinished)
    if to_do < plan.inputs:
        print(f"{plan.inputs - to_do:,} of {plan.inputs:,} items were predicted in an earlier run", flush=True)
    progress, errors = Progress("predict", "items", to_do), 0
    waiting = set(unfinished)
    running: dict[Future[int], int] = {}
    # Unlike the standard library's, loky's workers do not import the caller's main module first (kfp takes seconds).
    with ProcessPoolExecutor(
        min(workers, len(unfinished)), initializer=end_with_parent, initargs=(os.getpid(),)
    ) as pool:
        for shard, records in enumerate(_shards(model, dataset, plan.shard_size)):
            if shard not in waiting:
                continue
            while len(running) >= 2 * workers:
                errors += _collect(running, plan, progress, errors)
            job = pool.submit(predict_shard, model.path, records, plan.results(out, shard), plan.errors(out, shard))
            running[job] = shard
        while running:
            errors += _collect(running, plan, progress, errors)


def _collect(running: dict[Future[int], int], plan: Plan, progress: Progress, errors_before: int) -> int:
    """Waits for shards to be finished; returns how many errors are in them."""
    finished, _ = wait(running, return_when=FIRST_COMPLETED)
    errors = sum(job.result() for job in finished)
    for job in finished:
        progress.advance(plan.size(running.pop(job)), note=f"{errors_before + errors:,} errors")
    return errors


def _shards(model: ModelFolder, dataset: Dataset, size: int) -> Iterator[Records]:
    if model.input["kind"] == "image":
        items = chain.from_iterable(dataset.items(split) for split in SPLITS)
        return iter(lambda: list(islice(items, size)), [])
    return _of_equal_size(model_rows(dataset, SPLITS, model.input, size), size)


def _of_equal_size(batches: Iterable[pa.RecordBatch], size: int) -> Iterator[pa.RecordBatch]:
    """Cuts a stream of rows into batches of `size` rows; only the last one may hold fewer."""
    waiting: list[pa.RecordBatch] = []
    for batch in batches:
        waiting.append(batch)
        while sum(each.num_rows for each in waiting) >= size:
            rows = pa.concat_batches(waiting)
            yield rows.slice(0, size)
            waiting = [rows.slice(size)]
    if any(each.num_rows for each in waiting):
        yield pa.concat_batches(waiting)


def _summary(
    model: ModelFolder, dataset: Dataset, plan: Plan, counted: Tally, predicted: int, seconds: float
) -> dict[str, Any]:
    unit = "images" if dataset.task.is_image else "items"
    return {
        "model": model.name,
        "task": model.task,
        "inputs": plan.inputs,
        "results": counted.results,
        "errors": counted.errors,
        "rejects": dataset.summary["rejects"],
        "predicted_in_this_run": predicted,
        "shards": plan.shards,
        "seconds": round(seconds, 3),
        f"{unit}_per_second": round(predicted / seconds, 1),
    }
