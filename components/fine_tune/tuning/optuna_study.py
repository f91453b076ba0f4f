"""The search on this machine, by Optuna.

Akiba et al. 2019, arXiv:1907.10902; its sampler is the Tree-structured Parzen Estimator (Bergstra et al. 2011,
"Algorithms for Hyper-Parameter Optimization").
"""

from pathlib import Path
from typing import Any

import optuna
from optuna.storages import JournalStorage
from optuna.storages.journal import JournalFileBackend
from optuna.trial import FrozenTrial, TrialState

from .search import Search
from .space import Range, is_whole
from .study import Suggestion, Tried

JOURNAL = "study.log"
# Trials at random before the sampler learns from them; Optuna's own ten would be all of a short search.
_RANDOM_TRIALS = 4
_REASON, _SECONDS = "reason", "seconds"


class OptunaStudy:
    """A study in a journal file."""

    def __init__(self, folder: Path, search: Search) -> None:
        """Begins a study, or opens it.

        Args:
            folder: of the journal; other studies in it are left alone.
            search: what is searched; a lever that a point to start from leaves out is drawn.
        """
        optuna.logging.set_verbosity(optuna.logging.WARNING)
        self._space, self._seed = search.space, search.levers.seed
        self._study = optuna.create_study(
            storage=JournalStorage(JournalFileBackend(str(folder / JOURNAL))),
            study_name=search.name,
            direction="maximize" if search.objective.higher_is_better else "minimize",
            load_if_exists=True,
        )
        for start in search.starts:
            self._study.enqueue_trial(start, skip_if_exists=True)

    def suggest(self) -> Suggestion:
        begun = self._study.get_trials(deepcopy=False, states=(TrialState.RUNNING,))
        ended = self._study.get_trials(deepcopy=False, states=(TrialState.COMPLETE, TrialState.FAIL))
        # Seeded for each trial anew, so that a search that was interrupted asks for the same as one that was not.
        self._study.sampler = optuna.samplers.TPESampler(seed=self._seed + len(ended), n_startup_trials=_RANDOM_TRIALS)
        self._trial = optuna.Trial(self._study, begun[0]._trial_id) if begun else self._study.ask()
        # A value that the trial has already is given again.
        return Suggestion(self._trial.number + 1, {name: self._value(name) for name in self._space})

    def complete(self, trial: Tried) -> None:
        self._trial.set_user_attr(_SECONDS, trial.seconds)
        self._trial.set_user_attr(_REASON, trial.reason)
        state = TrialState.FAIL if trial.value is None else TrialState.COMPLETE
        self._study.tell(self._trial, trial.value, state)

    def tried(self) -> list[Tried]:
        ended = self._study.get_trials(deepcopy=False, states=(TrialState.COMPLETE, TrialState.FAIL))
        return [_tried(each) for each in ended]

    def _value(self, name: str) -> Any:
        values = self._space[name]
        if not isinstance(values, Range):
            return self._trial.suggest_categorical(name, values)
        if is_whole(name):
            return self._trial.suggest_int(name, int(values.low), int(values.high), log=values.log)
        return self._trial.suggest_float(name, values.low, values.high, log=values.log)


def _tried(trial: FrozenTrial) -> Tried:
    noted = trial.user_attrs
    value = trial.value if trial.state is TrialState.COMPLETE else None
    return Tried(trial.number + 1, trial.params, value, noted[_SECONDS], noted[_REASON])
