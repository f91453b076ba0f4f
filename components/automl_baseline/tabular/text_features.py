"""Texts as numbers: counts of terms, and their TF-IDF weights, which an ONNX graph repeats (see `text_to_onnx`).

scikit-learn's TfidfVectorizer is not used: the graph that its converter makes reads another regular expression than
Python and folds case by the machine's locale, so it finds other words.
"""

import warnings
from collections import Counter
from collections.abc import Sequence
from functools import cached_property, lru_cache, partial
from itertools import pairwise
from typing import Any, Self

import numpy as np
import scipy.sparse as sp
from numpy.typing import NDArray
from sklearn.base import BaseEstimator, TransformerMixin
from sklearn.feature_selection import SelectKBest, f_classif, f_regression
from sklearn.pipeline import Pipeline, make_pipeline
from sklearn.preprocessing import normalize

from ...data.items import Task
from ...models.feature_transforms import FeatureTransform
from ...models.text_tokens import spellings, tokens

# Terms of a text column that trees get: a place for each in every row, and in every histogram.
_TERMS_OF_TREES = 300
# Texts whose counts are remembered, of at most so many characters: folds and shuffles read the same ones again.
_REMEMBERED_TEXTS = 32_768
_REMEMBERED_LENGTH = 4096

Branch = tuple[str, Pipeline, list[str]]


class TermCounts(TransformerMixin, BaseEstimator):
    """How often each term stands in a text: strings [N, 1] to sparse float32 [N, V].

    Attributes:
        words: the words of all terms, sorted.
        terms: column of each term by the places of its words in `words`, the single words first.
    """

    def __init__(self, vocabulary: Sequence[str]) -> None:
        """Takes words and pairs of words, such as a `tfidf` transform's vocabulary; they are the columns, in order."""
        self.vocabulary = vocabulary

    def __sklearn_clone__(self) -> Self:
        """Itself: there is nothing to fit, and a copy would count the same texts again."""
        return self

    def __sklearn_is_fitted__(self) -> bool:
        """Always."""
        return True

    @cached_property
    def words(self) -> list[str]:
        return sorted({word for term in self.vocabulary for word in term.split(" ")})

    @cached_property
    def terms(self) -> dict[tuple[int, ...], int]:
        place = {word: place for place, word in enumerate(self.words)}
        columns = {tuple(place[word] for word in term.split(" ")): at for at, term in enumerate(self.vocabulary)}
        return dict(sorted(columns.items(), key=lambda each: len(each[0])))

    def fit(self, X: Any, y: Any = None) -> Self:  # noqa: N803 (scikit-learn's name)
        """Does nothing: the vocabulary is given."""
        return self

    def transform(self, X: Any) -> sp.csr_matrix:  # noqa: N803 (scikit-learn's name)
        """Counts the terms of each text."""
        counted = [self._count(text) for text in np.asarray(X, dtype=object).ravel()]
        columns = np.concatenate([np.empty(0, np.int32), *(columns for columns, _ in counted)])
        counts = np.concatenate([np.empty(0, np.float32), *(counts for _, counts in counted)])
        ends = np.cumsum([0, *(len(columns) for columns, _ in counted)])
        return sp.csr_matrix((counts, columns, ends), shape=(len(counted), len(self.vocabulary)))

    @cached_property
    def _count(self) -> Any:
        """Columns int32 and counts float32 of the terms in a text; remembers many texts."""
        place_of, column_of = spellings(self.words).get, self.terms.get

        def count(text: str) -> tuple[NDArray[np.int32], NDArray[np.float32]]:
            places = [place_of(token, -1) for token in tokens(text)]
            found = Counter(column_of((place,), -1) for place in places)
            found.update(column_of(pair, -1) for pair in pairwise(places))
            del found[-1]  # what is no term
            columns = sorted(found)
            return np.array(columns, np.int32), np.array([found[column] for column in columns], np.float32)

        remembered = lru_cache(_REMEMBERED_TEXTS)(count)
        return lambda text: (remembered if len(text) <= _REMEMBERED_LENGTH else count)(text)


class TfidfWeights(TransformerMixin, BaseEstimator):
    """Counts of terms, sparse float32 [N, V], to weights (1 + ln count) * idf in rows of length 1 (or 0).

    https://scikit-learn.org/stable/modules/feature_extraction.html#tfidf-term-weighting, with sublinear_tf.
    """

    def __init__(self, idf: Sequence[float]) -> None:
        """Takes the inverse document frequency of each term, such as a `tfidf` transform's."""
        self.idf = idf

    def __sklearn_is_fitted__(self) -> bool:
        """Always."""
        return True

    def fit(self, X: Any, y: Any = None) -> Self:  # noqa: N803 (scikit-learn's name)
        """Does nothing: the frequencies are given."""
        return self

    def transform(self, X: sp.csr_matrix) -> sp.csr_matrix:  # noqa: N803 (scikit-learn's name)
        """Weighs the counts."""
        weights = (1 + np.log(X.data)) * np.array(self.idf, dtype=np.float32)[X.indices]
        rows: Any = normalize(sp.csr_matrix((weights, X.indices, X.indptr), shape=X.shape))
        return rows


def tree_branches(task: Task, transforms: Sequence[FeatureTransform]) -> list[Branch]:
    """Branches of a ColumnTransformer that make of each text column the counts of its most informative terms.

    Counts, since trees see no difference between weights in the same order. The terms are chosen by a univariate F test
    against the labels of the rows fitted on, so the models of the folds do not see the labels of the rows held out.

    Returns:
        (name, transformer, columns) of each; sparse, so the ColumnTransformer takes `sparse_threshold=0` for dense.
    """
    relevance = partial(_relevance, f_regression if task.predicts_numbers else f_classif)
    return [
        (f"text_{each.column}", _counts_of_best(each.statistics["vocabulary"], relevance), [each.column])
        for each in transforms
        if each.transform == "tfidf"
    ]


def weight_branches(transforms: Sequence[FeatureTransform], words_per_term: int) -> list[Branch]:
    """Branches of a ColumnTransformer that make TF-IDF weights of each text column, for linear models.

    Args:
        transforms: of all columns.
        words_per_term: 1 for single words, 2 for pairs of words too.
    """
    branches: list[Branch] = []
    for each in transforms:
        if each.transform == "tfidf":
            idf = dict(zip(each.statistics["vocabulary"], each.statistics["idf"], strict=True))
            taken = [term for term in idf if term.count(" ") < words_per_term]
            weigh = make_pipeline(TermCounts(taken), TfidfWeights([idf[term] for term in taken]))
            branches.append((f"text_{each.column}", weigh, [each.column]))
    return branches


def _counts_of_best(vocabulary: Sequence[str], relevance: Any) -> Pipeline:
    counts = TermCounts(vocabulary)
    if len(vocabulary) <= _TERMS_OF_TREES:
        return make_pipeline(counts)
    return make_pipeline(counts, SelectKBest(relevance, k=_TERMS_OF_TREES))


def _relevance(test: Any, counts: sp.csr_matrix, labels: NDArray[Any]) -> Any:
    with warnings.catch_warnings(), np.errstate(invalid="ignore", divide="ignore"):
        warnings.filterwarnings("ignore", message=r"Features \[")  # in a fold, a term may be absent
        return test(counts, labels)
