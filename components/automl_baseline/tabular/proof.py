"""The proof that an exported graph predicts what its pipeline predicts."""

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import onnxruntime as ort
import pandas as pd
from sklearn.pipeline import Pipeline

from ..agreement import largest_accepted
from .pipeline import predict

_ROWS_PER_CALL = 1024  # a text has some thousand columns
_MISSING_SHARE = 0.2
_UNSEEN = "\N{SNOWMAN} unseen"


def prove(pipeline: Pipeline, file: Path, rows: pd.DataFrame, identities: Sequence[str], scale: float = 1.0) -> float:
    """Compares an exported graph with its pipeline on real rows, and on the same rows with their values disturbed.

    Args:
        pipeline: that was exported.
        file: of the graph.
        rows: input of the pipeline.
        identities: names of the rows.
        scale: what a difference is measured in: the standard deviation of the labels; 1 for probabilities.

    Returns:
        The largest difference beyond the rounding of the answer to float32: of a probability, or of a value in standard
        deviations of the labels.

    Raises:
        FinalError: some rows differ by more than `agreement.TOLERANCE`; the sentence names them.
    """
    session = ort.InferenceSession(file, providers=["CPUExecutionProvider"])
    both = pd.concat([rows, disturbed(rows)], ignore_index=True)
    parts = (both.iloc[start : start + _ROWS_PER_CALL] for start in range(0, len(both), _ROWS_PER_CALL))
    found = [np.asarray(session.run(None, {name: part[[name]].to_numpy() for name in part})[0]) for part in parts]
    expected = predict(pipeline, both)
    rounding = np.spacing(np.abs(expected).astype(np.float32)) / 2
    differences = np.maximum(np.abs(np.concatenate(found) - expected) - rounding, 0).max(axis=1) / scale
    return largest_accepted(differences, [*identities, *(f"{each} (disturbed)" for each in identities)])


def disturbed(rows: pd.DataFrame) -> pd.DataFrame:
    """The rows with a fifth of their values missing or never seen, and the other numbers one float32 step away.

    Thresholds lie between neighbouring values of the training rows: one step tells if they were rounded.
    """
    rng = np.random.default_rng(0)
    return pd.DataFrame({name: _disturbed_column(column, rng) for name, column in rows.items()})


def _disturbed_column(values: pd.Series, rng: np.random.Generator) -> pd.Series:
    is_gone = rng.random(len(values)) < _MISSING_SHARE
    if values.dtype == object:
        return pd.Series(np.where(is_gone, rng.choice(["", _UNSEEN], len(values)), values.to_numpy()), dtype=object)
    towards = np.where(rng.random(len(values)) < 0.5, np.float32(-np.inf), np.float32(np.inf))
    stepped = np.nextafter(values.to_numpy(), towards, dtype=np.float32)
    return pd.Series(np.where(is_gone, np.float32("nan"), stepped))
