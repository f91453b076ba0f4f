"""The trees of AutoGluon's members, added up by hand and compared with what the libraries predict."""

import numpy as np
import pytest

from graduate.components.automl_baseline.tabular.autogluon_forests import member_forest
from graduate.components.automl_baseline.tabular.forest import Forest

RNG = np.random.default_rng(0)
ROWS = RNG.normal(size=(300, 4)).astype(np.float32)
ROWS[RNG.random(ROWS.shape) < 0.1] = np.nan
ROWS[:, 3] = 1  # a column without a split
SUM = np.nan_to_num(ROWS).sum(axis=1)
TRUTH = {"numbers": 1000 + 100 * SUM, "two labels": (SUM > 1).astype(int), "three labels": np.digitize(SUM, [1, 2])}
# Rows that no training row is like: their neighbours among the float32 numbers, and more missing values.
NEW = np.nextafter(ROWS, np.float32(np.inf))
NEW[:100, 0] = np.nan


def sums(forest: Forest, rows: np.ndarray) -> np.ndarray:
    """Sum of the trees per target, [N, K]."""
    total = np.tile(forest.start, (len(rows), 1)).astype(float)
    for tree in forest.trees:
        for place, row in enumerate(rows):
            node = 0 if len(tree.features) else ~0
            while node >= 0:
                value = row[tree.features[node]]
                goes_left = tree.missing_goes_left[node] if np.isnan(value) else value <= tree.thresholds[node]
                node = (tree.left if goes_left else tree.right)[node]
            total[place, tree.target] += tree.leaves[~node]
    return total


@pytest.mark.parametrize("kind", TRUTH)
def test_xgboost_up_to_its_best_iteration(kind):
    xgboost = pytest.importorskip("xgboost")
    estimator = xgboost.XGBRegressor if kind == "numbers" else xgboost.XGBClassifier
    fitted = estimator(n_estimators=30, max_depth=4, learning_rate=0.5, early_stopping_rounds=3, n_jobs=1)
    fitted.fit(ROWS[:200], TRUTH[kind][:200], eval_set=[(ROWS[200:], TRUTH[kind][200:])], verbose=False)
    expected = fitted.predict(NEW, output_margin=True).reshape(len(NEW), -1)
    found = sums(member_forest("XGB", fitted), NEW)
    np.testing.assert_allclose(found, expected, rtol=1e-5, atol=1e-5)


@pytest.mark.parametrize("kind", TRUTH)
def test_catboost(kind):
    catboost = pytest.importorskip("catboost", reason="CatBoost comes with the extra autogluon")
    estimator = catboost.CatBoostRegressor if kind == "numbers" else catboost.CatBoostClassifier
    fitted = estimator(iterations=20, depth=4, thread_count=1, allow_writing_files=False, verbose=False)
    fitted.fit(ROWS, TRUTH[kind])
    expected = fitted.predict(NEW, prediction_type="RawFormulaVal").reshape(len(NEW), -1)
    np.testing.assert_allclose(sums(member_forest("CAT", fitted), NEW), expected, rtol=1e-9, atol=1e-9)


def test_lightgbm_up_to_its_best_iteration():
    lightgbm = pytest.importorskip("lightgbm")
    fitted = lightgbm.train(
        {"objective": "regression", "num_threads": 1, "verbose": -1},
        lightgbm.Dataset(ROWS, TRUTH["numbers"]),
        num_boost_round=10,
    )
    fitted.best_iteration = 6
    expected = fitted.predict(NEW)[:, None]
    np.testing.assert_allclose(sums(member_forest("GBM", fitted), NEW), expected, rtol=1e-9)
