"""A shard's records to its lines: read, decode, predict. A bad record becomes an error line, no more."""

from collections.abc import Iterator

from ..data import storage
from ..data.storage import StorageUnavailableError
from ..data.threads import map_in_order
from ..prediction.answers import Outcome
from ..prediction.outcomes import row_outcomes
from ..prediction.predictor import Predictor
from .material import Line, fetched, instance, line, pixels
from .records import Chunk, Record, Rows

ROWS_PER_CALL = 1024


def lines_of(predictor: Predictor, chunk: Chunk) -> Iterator[Line]:
    """Yields the line of each record, in order.

    Raises:
        StorageUnavailableError: Cloud Storage could not be asked for a record's file; that is no fault of the record.
    """
    if isinstance(chunk, Rows):
        yield from _lines_of_rows(predictor, chunk)
        return
    is_remote = any(storage.is_remote(record.uri) for record in chunk)
    # Many are fetched at once: one takes longer than its prediction.
    for record, here in zip(chunk, map_in_order(fetched, chunk) if is_remote else chunk, strict=True):
        yield line(record.key, instance(record), _image_outcome(predictor, here))


def _image_outcome(predictor: Predictor, record: Record) -> Outcome:
    """One image per call: on one thread a batch saves no time, and no prediction depends on its neighbours."""
    try:
        return predictor.predict_images([pixels(record)])[0]
    except StorageUnavailableError:
        raise
    except Exception as error:  # onnxruntime's errors have no public base class
        return error


def _lines_of_rows(predictor: Predictor, rows: Rows) -> Iterator[Line]:
    for start in range(0, len(rows), ROWS_PER_CALL):
        some = rows.batch.slice(start, ROWS_PER_CALL)
        outcomes = zip(some.to_pylist(), row_outcomes(predictor, some), strict=True)
        for place, (row, outcome) in enumerate(outcomes, start):
            yield line(row.pop("__id__"), row, rows.faults.get(place, outcome))
