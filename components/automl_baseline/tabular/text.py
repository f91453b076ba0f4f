"""The baseline of texts: logistic regression over TF-IDF weights, beside the other columns where there are any."""

from collections.abc import Callable, Iterator, Sequence
from functools import partial

from sklearn.compose import ColumnTransformer
from sklearn.impute import SimpleImputer
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import Pipeline, make_pipeline
from sklearn.preprocessing import StandardScaler

from ...data.dataset import Dataset
from ...models.feature_transforms import FeatureTransform
from .candidates import Candidate
from .pipeline import DateParts, column_branches
from .rounds import Round, make_rounds, measure
from .search import Search, Tried, try_all
from .text_features import weight_branches

# Inverse strengths of regularization, for terms of one word or of up to two.
_TRIED = {"fast": {2: (10.0,)}, "standard": {1: (1.0, 10.0, 100.0), 2: (1.0, 10.0, 100.0)}}
_MOST_STEPS = 1000  # of the solver; its default of 100 is not always enough


def search_linear(
    dataset: Dataset, transforms: Sequence[FeatureTransform], effort: str, seed: int, time_limit: float = 0.0
) -> Search:
    """Measures regularizations and lengths of terms on held-out rows (arguments as in `search.search`).

    `fast` has one candidate; `thorough` is `standard`.
    """
    return try_all(dataset.task, _attempts(dataset, transforms, effort, seed), time_limit)


def linear_pipeline(transforms: Sequence[FeatureTransform], chosen: Candidate) -> Pipeline:
    """An unfitted pipeline over `pipeline.features`, of a candidate of `search_linear`."""
    _, words_per_term = chosen.hyperparameters["ngram_range"]
    return Pipeline([("columns", _columns(transforms, words_per_term)), ("model", chosen.estimator)])


def _attempts(
    dataset: Dataset, transforms: Sequence[FeatureTransform], effort: str, seed: int
) -> Iterator[Callable[[], Tried]]:
    for words_per_term, strengths in _TRIED.get(effort, _TRIED["standard"]).items():
        rounds = make_rounds(dataset, transforms, _columns(transforms, words_per_term), seed)
        yield from (partial(_try, words_per_term, strength, rounds) for strength in strengths)


def _try(words_per_term: int, strength: float, rounds: Sequence[Round]) -> Tried:
    candidate = Candidate(
        name="Logistic regression over TF-IDF",
        framework="scikit-learn",
        estimator=LogisticRegression(C=strength, max_iter=_MOST_STEPS),
        estimator_name="sklearn.linear_model.LogisticRegression",
        hyperparameters={"C": strength, "ngram_range": [1, words_per_term]},
        size=words_per_term,
    )
    return candidate, measure(candidate.estimator, rounds)


def _columns(transforms: Sequence[FeatureTransform], words_per_term: int) -> ColumnTransformer:
    """Columns to numbers of like size, none of them missing: sparse float32 [N, F]."""
    standardized = (SimpleImputer(strategy="median"), StandardScaler())
    others = column_branches(
        transforms, numeric=make_pipeline(*standardized), date=make_pipeline(DateParts(), *standardized)
    )
    return ColumnTransformer([*others, *weight_branches(transforms, words_per_term)], sparse_threshold=1)
