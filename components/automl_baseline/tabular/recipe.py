"""The fast tier's trials: histogram gradient boosting with as many trees as held-out rows ask for."""

from collections import deque
from collections.abc import Sequence
from itertools import islice
from typing import Any

import numpy as np

from ...data.items import Task
from .candidates import Candidate, boosting_class, hist_gradient_boosting
from .pipeline import metrics_of
from .rounds import Round, mean_metrics

# Of the columns, drawn anew for each split: half of them decorrelates the trees, all of them suits few columns.
SHARES_OF_COLUMNS = (0.5, 1.0)
_MOST_TREES = 1000
_PATIENCE = 20


def with_chosen_trees(
    task: Task, share_of_columns: float, rounds: Sequence[Round], seed: int
) -> tuple[Candidate, dict[str, float]]:
    """scikit-learn's defaults, but for the share of columns and the number of trees.

    In each round, trees are added until 20 in a row have not lessened the loss of the held-out rows; the number taken
    is the median of the rounds' best ones.

    Returns:
        The candidate, and the metrics of that many trees on the held-out rows.
    """
    fitted = [_fit_until_no_better(task, share_of_columns, each, seed) for each in rounds]
    best = [int(np.argmax(estimator.validation_score_)) for estimator in fitted]
    count = max(1, int(np.median(best)))
    pairs = zip(fitted, rounds, strict=True)
    metrics = mean_metrics([_metrics_after(estimator, count, each) for estimator, each in pairs])
    return hist_gradient_boosting(task, {"max_iter": count, "max_features": share_of_columns}, seed), metrics


def _fit_until_no_better(task: Task, share_of_columns: float, rows: Round, seed: int) -> Any:
    boosting: Any = boosting_class(task)
    estimator = boosting(
        max_iter=_MOST_TREES,
        max_features=share_of_columns,
        early_stopping=True,
        n_iter_no_change=_PATIENCE,
        tol=0.0,
        random_state=seed,
    )
    # A label that no known row has would have no loss.
    judges = np.isin(rows.held_out_truth, rows.truth) | task.predicts_numbers
    return estimator.fit(rows.known, rows.truth, X_val=rows.held_out[judges], y_val=rows.held_out_truth[judges])


def _metrics_after(estimator: Any, trees: int, rows: Round) -> dict[str, float]:
    """Metrics of a fitted estimator's first trees; of all, where it stopped sooner."""
    stages = getattr(estimator, "staged_predict_proba", None) or estimator.staged_predict
    (predicted,) = deque(islice(stages(rows.held_out), trees), maxlen=1)
    return metrics_of(estimator, predicted.reshape(len(rows.held_out), -1), rows.held_out_truth)
