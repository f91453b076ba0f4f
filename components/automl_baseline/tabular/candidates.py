"""The models that a tabular baseline can be, each an unfitted estimator with the hyperparameters that were chosen."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal

from sklearn.base import BaseEstimator
from sklearn.compose import TransformedTargetRegressor
from sklearn.ensemble import HistGradientBoostingClassifier, HistGradientBoostingRegressor, VotingRegressor
from sklearn.preprocessing import StandardScaler

from ...data.items import Task
from ...errors import InputError


@dataclass(frozen=True, kw_only=True)
class Candidate:
    """An estimator to try.

    Attributes:
        name: in words, such as `LightGBM`.
        framework: what it is trained with.
        estimator: unfitted, of dense numbers.
        estimator_name: what `hyperparameters` are hyperparameters of, such as `lightgbm.LGBMRegressor`.
        hyperparameters: those that were chosen, JSON values only.
        size: what it may at most cost to keep and to ask, such as the leaves of its trees.
    """

    name: str
    framework: Literal["scikit-learn", "lightgbm", "autogluon"]
    estimator: BaseEstimator
    estimator_name: str
    hyperparameters: dict[str, Any]
    size: int = 0


def hist_gradient_boosting(task: Task, hyperparameters: Mapping[str, Any], seed: int) -> Candidate:
    """scikit-learn's gradient boosting over binned columns."""
    boosting: Any = boosting_class(task)
    # Left to itself it would stop early in large tables, on rows of its own choice.
    estimator = boosting(**hyperparameters, early_stopping=False, random_state=seed)
    return Candidate(
        name="Histogram gradient boosting",
        framework="scikit-learn",
        estimator=_of_standardized_labels(estimator) if task.predicts_numbers else estimator,
        estimator_name=f"sklearn.ensemble.{boosting.__name__}",
        hyperparameters=dict(hyperparameters),
        size=estimator.max_iter * (estimator.max_leaf_nodes or 0),
    )


def boosting_class(task: Task) -> type[HistGradientBoostingRegressor] | type[HistGradientBoostingClassifier]:
    """scikit-learn's histogram gradient boosting for a task."""
    return HistGradientBoostingRegressor if task.predicts_numbers else HistGradientBoostingClassifier


def lightgbm(task: Task, hyperparameters: Mapping[str, Any], seed: int) -> Candidate:
    """LightGBM, set to give the same trees every time.

    https://lightgbm.readthedocs.io/en/stable/Parameters.html#deterministic

    Raises:
        InputError: LightGBM cannot be loaded.
    """
    library = load_lightgbm()
    boosting = library.LGBMRegressor if task.predicts_numbers else library.LGBMClassifier
    estimator = boosting(
        **hyperparameters, n_jobs=1, random_state=seed, deterministic=True, force_row_wise=True, verbose=-1
    )
    return Candidate(
        name="LightGBM",
        framework="lightgbm",
        estimator=_of_standardized_labels(estimator) if task.predicts_numbers else estimator,
        estimator_name=f"lightgbm.{boosting.__name__}",
        hyperparameters=dict(hyperparameters),
        size=estimator.n_estimators * estimator.num_leaves,
    )


def mean_of(candidates: Sequence[Candidate]) -> Candidate:
    """The mean of what several regressors answer, which errs less than each where they err differently."""
    regressors: list[Any] = [candidate.estimator.get_params(deep=False)["regressor"] for candidate in candidates]
    members = [(f"member_{place}", regressor) for place, regressor in enumerate(regressors)]
    return Candidate(
        name=f"Mean of {len(candidates)} {candidates[0].name}",
        framework=candidates[0].framework,
        estimator=_of_standardized_labels(VotingRegressor(members)),
        estimator_name=f"sklearn.ensemble.VotingRegressor of {candidates[0].estimator_name}",
        hyperparameters={name: each.hyperparameters for (name, _), each in zip(members, candidates, strict=True)},
        size=sum(candidate.size for candidate in candidates),
    )


def load_lightgbm() -> Any:
    """The module lightgbm, which needs a library of the system.

    Raises:
        InputError: it cannot be loaded.
    """
    try:
        import lightgbm
    except (ImportError, OSError) as error:
        raise InputError(
            f"LightGBM cannot be loaded ({error}): install the system package libgomp1, or use effort=fast."
        ) from None
    return lightgbm


def _of_standardized_labels(regressor: BaseEstimator) -> TransformedTargetRegressor:
    """A regressor that learns labels of mean 0 and deviation 1: regularization and float32 gradients suit any unit."""
    return TransformedTargetRegressor(regressor=regressor, transformer=StandardScaler(), check_inverse=False)
