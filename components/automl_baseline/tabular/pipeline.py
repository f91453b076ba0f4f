"""The scikit-learn pipeline of the tabular baseline: columns to numbers, then a model of them."""

from collections.abc import Sequence
from typing import Any, Self

import numpy as np
import pandas as pd
import pyarrow as pa
from numpy.typing import NDArray
from sklearn.base import BaseEstimator, TransformerMixin
from sklearn.compose import ColumnTransformer
from sklearn.pipeline import Pipeline
from sklearn.preprocessing import OneHotEncoder

from ...data.items import Task
from ...models.columns import column_tensors
from ...models.feature_transforms import DAYS_PER_WEEK, DAYS_PER_YEAR, FeatureTransform, input_columns
from ...models.metrics import classification_metrics, regression_metrics
from .text_features import tree_branches

# What pipelines are compared by: smoother than the accuracy, so that small splits can tell them apart.
LOSS = {
    Task.TABULAR_CLASSIFICATION: "log_loss",
    Task.TEXT_CLASSIFICATION: "log_loss",
    Task.TABULAR_REGRESSION: "rmse",
}


class DateParts(TransformerMixin, BaseEstimator):
    """Days since 1970-01-01, float32 [N, D], to these days, their place in the week and in the year, [N, 3 D].

    All is float32 arithmetic that an ONNX graph repeats exactly; a missing date stays missing.
    """

    def fit(self, X: Any, y: Any = None) -> Self:  # noqa: N803 (scikit-learn's name)
        """Notes the number of columns; there is nothing to learn."""
        self.n_features_in_ = X.shape[1]
        return self

    def transform(self, X: Any) -> NDArray[np.float32]:  # noqa: N803 (scikit-learn's name)
        """Appends the remainders by week and by year, in 0 to 7 and 0 to 365.2425 days."""
        days = np.asarray(X, dtype=np.float32)
        periods = (np.float32(DAYS_PER_WEEK), np.float32(DAYS_PER_YEAR))
        return np.hstack([days, *(days - np.floor(days / period) * period for period in periods)])


def features(rows: pa.Table, transforms: Sequence[FeatureTransform]) -> pd.DataFrame:
    """The pipeline's input: one float32 or string column per column of the data set that is not dropped."""
    tensors = column_tensors(rows, input_columns(transforms))
    return pd.DataFrame({name: pd.Series(values[:, 0], dtype=values.dtype) for name, values in tensors.items()})


def build_pipeline(task: Task, transforms: Sequence[FeatureTransform], estimator: BaseEstimator) -> Pipeline:
    """An unfitted pipeline over `features`: its step `columns` makes float32 numbers, its step `model` predicts.

    Categories are one-hot encoded: converted to ONNX, trees over native categories are silently wrong.

    Args:
        task: what the labels are.
        transforms: of all columns.
        estimator: an unfitted classifier or regressor of dense numbers, NaN where one is missing.
    """
    return Pipeline([("columns", column_transformer(task, transforms)), ("model", estimator)])


def column_transformer(task: Task, transforms: Sequence[FeatureTransform]) -> ColumnTransformer:
    """Columns to dense float32 numbers [N, F], one block per kind of transform."""
    others = column_branches(transforms, numeric="passthrough", date=DateParts())
    return ColumnTransformer([*others, *tree_branches(task, transforms)], sparse_threshold=0)


def column_branches(transforms: Sequence[FeatureTransform], numeric: Any, date: Any) -> list[Any]:
    """Branches of a ColumnTransformer for all columns but texts: (name, transformer, columns) of each.

    Args:
        transforms: of all columns.
        numeric: transformer of numbers, float32 [N, P], NaN where one is missing.
        date: transformer of days, likewise.
    """
    by_transform = {
        name: [each for each in transforms if each.transform == name] for name in ("numeric", "date", "one_hot")
    }
    vocabularies: Any = [np.array(each.statistics["vocabulary"], dtype=object) for each in by_transform["one_hot"]]
    float32: Any = np.float32
    one_hot = OneHotEncoder(categories=vocabularies, handle_unknown="ignore", sparse_output=False, dtype=float32)
    transformers = {"numeric": numeric, "date": date, "one_hot": one_hot}
    return [
        (name, transformers[name], [each.column for each in chosen]) for name, chosen in by_transform.items() if chosen
    ]


def predict(pipeline: Any, rows: pd.DataFrame | NDArray[np.floating]) -> NDArray[np.floating]:
    """Class probabilities [N, C] of a fitted classifier, or values [N, 1] of a regressor; N may be 0."""
    if not rows.shape[0]:  # which scikit-learn refuses
        return np.empty((0, len(getattr(pipeline, "classes_", [None]))))
    if hasattr(pipeline, "predict_proba"):
        return pipeline.predict_proba(rows)
    return pipeline.predict(rows)[:, None]


def score(pipeline: Any, rows: pd.DataFrame | NDArray[np.floating], truth: Any) -> dict[str, float]:
    """Metrics of a fitted pipeline on rows whose labels are known."""
    return metrics_of(pipeline, predict(pipeline, rows), truth)


def metrics_of(pipeline: Any, predicted: NDArray[np.floating], truth: Any) -> dict[str, float]:
    """Metrics of what a fitted pipeline predicted (see `predict`) of rows whose labels are known."""
    if hasattr(pipeline, "predict_proba"):
        return classification_metrics(truth, predicted, list(pipeline.classes_))
    return regression_metrics(np.asarray(truth), predicted[:, 0])
