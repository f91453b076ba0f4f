"""AutoGluon's medium quality: one model per configuration and a weighted ensemble of them, no bagging, no stacking.

https://auto.gluon.ai/stable/tutorials/tabular/tabular-essentials.html#presets
"""

import logging
import time
from pathlib import Path
from typing import Any

import joblib
import numpy as np
import pandas as pd
from autogluon.core.callbacks import AbstractCallback  # pyright: ignore[reportMissingImports]
from autogluon.features.generators import IdentityFeatureGenerator  # pyright: ignore[reportMissingImports]
from autogluon.tabular import TabularPredictor  # pyright: ignore[reportMissingImports]
from autogluon.tabular.configs.hyperparameter_configs import (  # pyright: ignore[reportMissingImports]
    get_hyperparameter_config,
)
from numpy.typing import NDArray

from ...data.items import Task
from ...errors import FinalError
from .autogluon_forests import CATBOOST, EXPORTABLE, XGBOOST
from .autogluon_model import numbered, trained
from .pipeline import LOSS
from .rounds import Round

_LABEL = "label"  # which no column is called: they are numbered
_METRICS = {"rmse": "root_mean_squared_error", "log_loss": "log_loss"}
# Its neural networks are left out: they need PyTorch. By model, what it calls its seed.
_SEEDS = {"GBM": "seed", "CAT": "random_seed", "XGB": "seed", "RF": "random_state", "XT": "random_state"}
# Of AutoGluon's zero-shot portfolio: trees of 7 and 8 levels, a third of which do as well as the default's of 6.
_DEEPER = ("_r167", "_r86")
_LAST = -1000


class Clock(AbstractCallback):
    """Says what AutoGluon fits, and notes the CPU seconds that it takes."""

    def __init__(self) -> None:
        super().__init__()
        self.cpu_seconds: dict[str, float] = {}
        self._start = 0.0

    def _before_model_fit(
        self, trainer: Any, model: Any, time_limit: float | None = None, **_: Any
    ) -> tuple[bool, bool]:
        left = "" if time_limit is None else f", {time_limit:.0f} s left"
        print(f"AutoGluon fits {model.name}{left}", flush=True)
        self._start = time.process_time()
        return False, False  # neither stop the training nor skip the model

    def _after_model_fit(self, trainer: Any, model_names: list[str], **_: Any) -> bool:
        for name in model_names:
            self.cpu_seconds[name] = round(time.process_time() - self._start, 2)
        return False  # nor stop it now


def threads() -> int:
    """CPUs that this process may use; LOKY_MAX_CPU_COUNT=1 makes it one."""
    return joblib.cpu_count()


def fit_predictor(
    task: Task, rows: Round, folder: Path, seed: int, time_limit: float
) -> tuple[TabularPredictor, dict[str, float]]:
    """Fits AutoGluon's models, and one more ensemble, of those that ONNX can express.

    Args:
        task: classification, which learns the places of the labels in their order, or regression.
        rows: to fit on; held out are those to stop by and to weight by.
        folder: for AutoGluon's files, which are not needed afterwards.
        seed: of all models; the time that each takes decides as well how many trees it gets.
        time_limit: in seconds of wall-clock time.

    Returns:
        The predictor, its models in memory, and the CPU seconds that each took.

    Raises:
        FinalError: no model that ONNX can express was trained in time.
    """
    # Before every model it calls it an error that PyTorch, which none of these models needs, is absent.
    logging.getLogger("autogluon.common.utils.resource_utils").setLevel(logging.CRITICAL)
    labels, clock = np.unique(rows.truth), Clock()
    predictor = TabularPredictor(
        label=_LABEL,
        problem_type="regression" if task.predicts_numbers else "binary" if len(labels) == 2 else "multiclass",
        eval_metric=_METRICS[LOSS[task]],
        path=str(folder),
        verbosity=0,
        learner_kwargs={"label_count_threshold": 1},  # or rare labels would not be learned
    ).fit(
        _table(rows.known, rows.truth, None if task.predicts_numbers else labels),
        tuning_data=_table(rows.held_out, rows.held_out_truth, None if task.predicts_numbers else labels),
        presets="medium_quality",
        hyperparameters=_portfolio(seed),
        feature_generator=IdentityFeatureGenerator(),  # members see the columns that the graph gives them
        calibrate=False,  # which would change what a member answers
        time_limit=time_limit,
        num_cpus=threads(),
        num_gpus=0,
        callbacks=[clock],
    )
    exportable = [name for name in predictor.model_names() if trained(predictor, name).ag_key in EXPORTABLE]
    if not exportable:
        raise FinalError(f"AutoGluon trained no model that ONNX can express in {time_limit:g} s; raise time_limit.")
    predictor.fit_weighted_ensemble(exportable, name_suffix="Exportable", num_cpus=threads(), num_gpus=0)
    predictor.persist("all", max_memory=None)
    return predictor, clock.cpu_seconds


def refit_with_held_out_rows(predictor: TabularPredictor, name: str) -> str:
    """Fits a model, or the members of an ensemble, anew on all rows; with as many trees, and the same weights.

    Returns:
        The name of the new model, which is in memory too.
    """
    refitted = predictor.refit_full(model=name, set_best_to_refit_full=False, num_cpus=threads(), num_gpus=0)[name]
    predictor.persist("all", max_memory=None)
    return refitted


def _table(rows: NDArray[np.float32], truth: NDArray[Any], labels: NDArray[Any] | None) -> pd.DataFrame:
    targets = truth if labels is None else np.searchsorted(labels, truth)
    return numbered(rows).assign(**{_LABEL: targets})


def _portfolio(seed: int) -> dict[str, list[dict[str, Any]]]:
    """The configurations to fit, seeded, those that ONNX cannot express last."""
    portfolio = {}
    for model, seed_name in _SEEDS.items():
        order = {} if model in EXPORTABLE else {"priority": _LAST}
        portfolio[model] = [
            # Members shall take all columns, whatever is in them.
            {**each, seed_name: seed, "ag.drop_unique": False, "ag_args": {**each.get("ag_args", {}), **order}}
            for each in _configurations(model)
        ]
    # AutoGluon's own one-hot encoding gives XGBoost sparse rows, in which zeros are missing.
    portfolio[XGBOOST][0]["enable_categorical"] = True
    return portfolio


def _configurations(model: str) -> list[dict[str, Any]]:
    """Those of medium quality, and two more of CatBoost."""
    default = get_hyperparameter_config("default")[model]
    zero_shot = get_hyperparameter_config("zeroshot")[CATBOOST] if model == CATBOOST else []
    deeper = [each for each in zero_shot if each.get("ag_args", {}).get("name_suffix") in _DEEPER]
    return [*(default if isinstance(default, list) else [default]), *deeper]
