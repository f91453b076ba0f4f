"""Predictions of rows of which one may fail: what is wrong with it costs no other row its prediction."""

from collections.abc import Sequence
from typing import TYPE_CHECKING

from .answers import Outcome
from .predictor import Predictor

if TYPE_CHECKING:
    import pyarrow as pa


def row_outcomes(predictor: Predictor, rows: "pa.RecordBatch") -> Sequence[Outcome]:
    """The predictions of rows in one call; where that fails, in one call each, which shows the row that it was."""
    try:
        return predictor.predict_rows(rows)
    except Exception as error:  # onnxruntime's errors have no public base class
        if rows.num_rows == 1:
            return [error]
        return [row_outcomes(predictor, rows.slice(place, 1))[0] for place in range(rows.num_rows)]
