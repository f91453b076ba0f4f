"""The gate's rule for wrong labels beside cleanlab's confident learning, on the same probabilities.

    python -m benchmarks.label_errors

Data sets that come with scikit-learn, and made-up classes that overlap, with a share of the labels flipped by seed. Out
of fold, three learners say how probable each label is; each rule then lists labels. Precision and recall are over all
sets, learners and seeds of a row; where nothing is flipped, the share of the right labels that is listed.

| data | flipped | gate: listed, precision, recall | confident learning: listed, precision, recall |
| --- | --- | --- | --- |
| digits | 0% | 0.0% of all | 1.5% of all |
| digits | 5% | 349, 83%, 54% | 795, 57%, 85% |
| digits | 20% | 2,095, 91%, 89% | 2,422, 82%, 92% |
| iris | 0% | 0.0% of all | 1.1% of all |
| iris | 5% | 51, 88%, 94% | 71, 62%, 92% |
| iris | 20% | 180, 90%, 90% | 215, 78%, 93% |
| wine | 0% | 0.0% of all | 0.4% of all |
| wine | 5% | 69, 77%, 98% | 83, 63%, 96% |
| wine | 20% | 230, 88%, 94% | 263, 76%, 93% |
| breast cancer | 0% | 0.1% of all | 0.6% of all |
| breast cancer | 5% | 150, 85%, 76% | 192, 77%, 88% |
| breast cancer | 20% | 285, 95%, 40% | 695, 83%, 84% |
| 5 classes, 0.5 apart | 0% | 0.0% of all | 38.9% of all |
| 5 classes, 0.5 apart | 5% | 0, –, 0% | 3,649, 10%, 81% |
| 5 classes, 0.5 apart | 20% | 1, 100%, 0% | 4,060, 31%, 69% |
| 5 classes, 1 apart | 0% | 0.1% of all | 24.8% of all |
| 5 classes, 1 apart | 5% | 213, 47%, 22% | 2,480, 16%, 86% |
| 5 classes, 1 apart | 20% | 613, 68%, 23% | 3,301, 42%, 78% |
| 5 classes, 2 apart | 0% | 0.1% of all | 4.5% of all |
| 5 classes, 2 apart | 5% | 413, 81%, 74% | 844, 47%, 88% |
| 5 classes, 2 apart | 20% | 1,571, 88%, 77% | 2,120, 74%, 87% |
"""

from collections.abc import Callable, Iterator
from typing import Any

import numpy as np
from cleanlab.filter import find_label_issues
from numpy.typing import NDArray
from sklearn.datasets import load_breast_cancer, load_digits, load_iris, load_wine, make_classification
from sklearn.ensemble import HistGradientBoostingClassifier
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import cross_val_predict
from sklearn.neighbors import KNeighborsClassifier
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from graduate.components.data_quality_gate.labels.wrong_labels import WRONG_FROM, probably_wrong

_SEEDS, _SHARES = 2, (0.0, 0.05, 0.2)
_CLASSES: dict[str, Any] = {"n_informative": 8, "n_classes": 5, "random_state": 0}

Rule = Callable[[NDArray[np.int64], NDArray[np.float64]], NDArray[np.bool_]]


def main() -> None:
    """Prints one row per data set and share of flipped labels."""
    rules: dict[str, Rule] = {"gate": _gate, "confident learning": _confident_learning}
    print("| data | flipped |", " | ".join(f"{name}: listed, precision, recall" for name in rules), "|")
    print("| --- " * (2 + len(rules)) + "|")
    for name, (rows, truth) in _data().items():
        for share in _SHARES:
            trials = list(_trials(rows, truth, share))
            cells = [
                _figures([(rule(given, said), given != truth) for given, said in trials]) for rule in rules.values()
            ]
            print(f"| {name} | {share:.0%} |", " | ".join(cells), "|", flush=True)


def _data() -> dict[str, tuple[NDArray[np.float64], NDArray[np.int64]]]:
    found: dict[str, Any] = {
        "digits": load_digits(return_X_y=True),
        "iris": load_iris(return_X_y=True),
        "wine": load_wine(return_X_y=True),
        "breast cancer": load_breast_cancer(return_X_y=True),
    }
    for apart in (0.5, 1.0, 2.0):
        found[f"5 classes, {apart:g} apart"] = make_classification(1500, class_sep=apart, **_CLASSES)
    return found


def _learners() -> list[Any]:
    return [
        HistGradientBoostingClassifier(max_iter=60, random_state=0),
        make_pipeline(StandardScaler(), LogisticRegression(max_iter=500)),
        make_pipeline(StandardScaler(), KNeighborsClassifier(10)),
    ]


def _trials(
    rows: NDArray[np.float64], truth: NDArray[np.int64], share: float
) -> Iterator[tuple[NDArray[np.int64], NDArray[np.float64]]]:
    """Yields the given labels [N] and the probabilities [N, C] that a learner finds for all labels out of fold."""
    for seed in range(_SEEDS):
        rng, given = np.random.default_rng(seed), truth.copy()
        labels = int(truth.max()) + 1
        flipped = rng.choice(len(truth), round(share * len(truth)), replace=False)
        given[flipped] = (given[flipped] + rng.integers(1, labels, len(flipped))) % labels
        for learner in _learners():
            yield given, np.asarray(cross_val_predict(learner, rows, given, cv=5, method="predict_proba"))


def _gate(given: NDArray[np.int64], probabilities: NDArray[np.float64]) -> NDArray[np.bool_]:
    return probably_wrong(given, probabilities)[0] >= WRONG_FROM


def _confident_learning(given: NDArray[np.int64], probabilities: NDArray[np.float64]) -> NDArray[np.bool_]:
    return np.asarray(find_label_issues(given, probabilities, n_jobs=1), np.bool_)


def _figures(found: list[tuple[NDArray[np.bool_], NDArray[np.bool_]]]) -> str:
    listed, wrong = (np.concatenate(each) for each in zip(*found, strict=True))
    right = np.count_nonzero(listed & wrong)
    if not wrong.any():
        return f"{listed.mean():.1%} of all"
    precision = f"{right / listed.sum():.0%}" if listed.any() else "–"
    return f"{listed.sum():,}, {precision}, {right / wrong.sum():.0%}"


if __name__ == "__main__":
    main()
