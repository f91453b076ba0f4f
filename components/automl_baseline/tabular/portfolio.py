"""What FLAML knows about LightGBM: hyperparameters that suit tables like this one, and how to search around them.

Zero-shot portfolio: https://microsoft.github.io/FLAML/docs/Use-Cases/Zero-Shot-AutoML, mined on many public tables.
Search: CFO (Wu et al., Frugal Optimization for Cost-related Hyperparameters, AAAI 2021), over FLAML's own search space.
FLAML's AutoML class is not used, since it prices trials in seconds of wall-clock time, which steers its search: another
machine, another model. Here a trial's price is the leaves that it may grow.
"""

from collections.abc import Mapping, Sequence
from functools import partial
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from ...data.items import Task
from .candidates import Candidate, lightgbm, load_lightgbm

# What a model may have: 0.6 million leaves are 20 MB of ONNX, and are asked in half a millisecond per row.
MAX_LEAVES = 1_000_000
# The portfolio's empty entry means LightGBM's defaults, which the search needs in full.
_DEFAULTS = {
    "n_estimators": 100,
    "num_leaves": 31,
    "min_child_samples": 20,
    "learning_rate": 0.1,
    "log_max_bin": 8,
    "colsample_bytree": 1.0,
    "reg_alpha": 1 / 1024,
    "reg_lambda": 1 / 1024,
}
_ATTEMPTS = 100

Config = dict[str, Any]


def suggestions(task: Task, rows: pd.DataFrame, truth: NDArray[Any]) -> list[Config]:
    """The portfolio's configurations for a table, the best suited first; those of too many leaves are left out.

    Args:
        task: classification or regression.
        rows: the table as it came, categories not encoded: what is looked up is its numbers of rows and columns, and
            the share of columns that are numbers.
        truth: the labels of the rows.

    Raises:
        InputError: LightGBM cannot be loaded.
    """
    load_lightgbm()  # or FLAML fails with no sentence
    from flaml.default.suggest import suggest_config

    kind = "regression" if task.predicts_numbers else "classification"
    found = [_DEFAULTS | each["hyperparameters"] for each in suggest_config(kind, rows, truth, "lgbm")]
    return [config for config in found if leaves(config, task, truth) <= MAX_LEAVES]


def candidate(task: Task, config: Config, seed: int) -> Candidate:
    """A configuration of the search space as a candidate."""
    hyperparameters = {**config, "max_bin": 2 ** config["log_max_bin"] - 1}
    del hyperparameters["log_max_bin"]
    return lightgbm(task, hyperparameters, seed)


def leaves(config: Mapping[str, Any], task: Task, truth: NDArray[Any]) -> int:
    """How many leaves the trees of a configuration may have; each has at least `min_child_samples` rows."""
    classes = 1 if task.predicts_numbers else len(np.unique(truth))
    sums = classes if classes > 2 else 1
    return sums * config["n_estimators"] * max(1, min(config["num_leaves"], len(truth) // config["min_child_samples"]))


class LocalSearch:
    """CFO from the best of some measured configurations: ask for a configuration, tell its loss, and so on."""

    def __init__(self, measured: Sequence[tuple[Config, float]], task: Task, truth: NDArray[Any], seed: int) -> None:
        """Starts.

        Args:
            measured: configurations and their losses, at least one.
            task: classification or regression.
            truth: the labels of the training rows.
            seed: of the directions tried.
        """
        from flaml.automl.model import LGBMEstimator
        from flaml.tune.searcher.blendsearch import CFO

        self._price = partial(leaves, task=task, truth=truth)
        self._asked = 0
        space = LGBMEstimator.search_space(data_size=(len(truth), 1))
        self._cfo = CFO(
            metric="loss",
            mode="min",
            space={name: each["domain"] for name, each in space.items()},
            points_to_evaluate=[config for config, _ in measured],
            evaluated_rewards=[loss for _, loss in measured],
            config_constraints=[(self._price, "<=", MAX_LEAVES)],
            cost_attr="leaves",
            seed=seed,
        )

    def ask(self) -> Config | None:
        """A configuration that was not tried yet; None where the search finds none any more."""
        for _ in range(_ATTEMPTS):  # it answers None where it would try something twice
            self._asked += 1
            config = self._cfo.suggest(str(self._asked))
            if config is not None:
                return config
        return None

    def tell(self, config: Config, loss: float) -> None:
        """The loss of what was asked for last."""
        result = {"config": config, "loss": loss, "leaves": self._price(config)}
        self._cfo.on_trial_complete(str(self._asked), result)
