"""One shard in one worker process: read, decode, predict, write. A bad record becomes an error line, no more."""

import mimetypes
import os
import threading
import time
from collections.abc import Iterable, Iterator, Sequence
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
import orjson
import pyarrow as pa

from ..data.images import decode, read_image
from ..data.items import Item
from ..data.storage import write_atomically
from ..errors import InputError
from ..models.folder import ModelFolder
from ..models.onnx_runner import OnnxRunner
from ..models.predictions import Prediction

ROWS_PER_CALL = 1024

# Codes of a google.rpc.Status (google/rpc/code.proto): the record is to blame, or the model.
_INVALID_ARGUMENT, _INTERNAL = 3, 13

Records = list[Item] | pa.RecordBatch
Outcome = Prediction | Exception
Line = dict[str, Any]


def predict_shard(model: Path, records: Records, results: Path, errors: Path) -> int:
    """Predicts the records of a shard and writes both of its files, each whole.

    Args:
        model: model folder with model.onnx.
        records: images, or table rows with their `__id__`.
        results: file for one line {"id", "instance", "prediction"} per predicted record, in order.
        errors: file for one line {"id", "instance", "error": {"code", "message"}} per other record, in order.

    Returns:
        The number of error lines.

    Raises:
        InputError: the model cannot be loaded.
    """
    runner = _runner(model)
    lines = list(_image_lines(runner, records) if isinstance(records, list) else _row_lines(runner, records))
    failed = [line for line in lines if "error" in line]
    _write(errors, failed)
    _write(results, (line for line in lines if "error" not in line))
    return len(failed)


def end_with_parent(parent: int) -> None:
    """Ends this worker when its parent process is gone, however that died: nobody would collect its results."""

    def watch() -> None:
        while os.getppid() == parent:
            time.sleep(0.5)
        os._exit(1)

    threading.Thread(target=watch, daemon=True).start()


@cache
def _runner(model: Path) -> OnnxRunner:
    return OnnxRunner(ModelFolder.open(model))


def _image_lines(runner: OnnxRunner, items: Iterable[Item]) -> Iterator[Line]:
    for item in items:
        mime_type, _ = mimetypes.guess_type(item.uri)
        yield _line(item.id, {"content": item.uri, "mimeType": mime_type}, _predict_image(runner, item))


def _row_lines(runner: OnnxRunner, rows: pa.RecordBatch) -> Iterator[Line]:
    for start in range(0, rows.num_rows, ROWS_PER_CALL):
        some = rows.slice(start, ROWS_PER_CALL)
        for row, outcome in zip(some.to_pylist(), _predict_rows(runner, some), strict=True):
            yield _line(row.pop("__id__"), row, outcome)


def _predict_image(runner: OnnxRunner, item: Item) -> Outcome:
    """One image per call: on one thread a batch saves no time, and no prediction depends on its neighbours."""
    try:
        return runner.predict_images([decode(read_image(item))])[0]
    except Exception as error:  # onnxruntime's errors have no public base class
        return error


def _predict_rows(runner: OnnxRunner, rows: pa.RecordBatch) -> Sequence[Outcome]:
    try:
        return runner.predict_rows(rows)
    except Exception as error:
        if rows.num_rows == 1:
            return [error]
        # Which row it was shows when each is alone.
        return [_predict_rows(runner, rows.slice(place, 1))[0] for place in range(rows.num_rows)]


def _line(identity: str, instance: dict[str, Any], outcome: Outcome) -> Line:
    head = {"id": identity, "instance": instance}
    if isinstance(outcome, InputError):
        return head | {"error": {"code": _INVALID_ARGUMENT, "message": str(outcome)}}
    if isinstance(outcome, Exception):
        return head | {"error": {"code": _INTERNAL, "message": f"the model failed: {outcome}"}}
    numbers = [values for key, values in outcome.items() if key != "displayNames"]
    if not all(np.isfinite(np.asarray(values, dtype=float)).all() for values in numbers):
        return head | {"error": {"code": _INTERNAL, "message": "the model answered a number that is not finite"}}
    return head | {"prediction": outcome}


def _write(path: Path, lines: Iterable[Line]) -> None:
    with write_atomically(path) as aside, aside.open("wb") as file:
        file.writelines(orjson.dumps(line, option=orjson.OPT_APPEND_NEWLINE) for line in lines)
