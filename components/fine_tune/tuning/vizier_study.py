"""The search by Vertex AI Vizier, which suggests; the trials are trained here.

https://cloud.google.com/vertex-ai/docs/vizier/overview. Not a HyperparameterTuningJob, which takes no starting point:
"default_value [...] Not supported by HyperparameterTuningJob" (`StudySpec.ParameterSpec`).
"""

from datetime import timedelta
from typing import Any

from google.api_core.exceptions import Conflict
from google.cloud.aiplatform import initializer, utils
from google.cloud.aiplatform_v1 import types

from ...vertex.connect import connect, patiently, refusals_as_sentences
from .search import Search
from .space import Choices, Range, Value, is_whole, some_values
from .study import Suggestion, Tried

_Spec = types.StudySpec.ParameterSpec
_Goal = types.StudySpec.MetricSpec.GoalType
_ENDED = (types.Trial.State.SUCCEEDED, types.Trial.State.INFEASIBLE)
# Of one who asks: the service suggests a trial that was not completed again, as to the same client.
_CLIENT = "graduate"


class VizierStudy:
    """A study of the service, found again by its name."""

    def __init__(self, search: Search, project: str, location: str) -> None:
        """Begins a study, or opens that of the search's name.

        Args:
            search: what is searched; of its points to start from the service takes one.
            project: Google Cloud project.
            location: its region.

        Raises:
            InputError: the account is unknown or lacks a right.
            FinalError: the service refuses it.
        """
        self._space, self._metric = search.space, search.objective.metric
        start = search.starts[0] if search.starts else {}
        goal = _Goal.MAXIMIZE if search.objective.higher_is_better else _Goal.MINIMIZE
        spec = types.StudySpec(
            metrics=[{"metric_id": self._metric, "goal": goal}],
            parameters=[_parameter(lever, values, start.get(lever)) for lever, values in search.space.items()],
        )
        with refusals_as_sentences():
            connect(project, location)
            self._client: Any = initializer.global_config.create_client(client_class=utils.VizierClientWithOverride)
            self._name = self._created(search.name, spec)
        print(f"Vizier's study is {self._name}, named {search.name}.", flush=True)

    def _created(self, name: str, spec: types.StudySpec) -> str:
        parent = initializer.global_config.common_location_path()
        study = types.Study(display_name=name, study_spec=spec)
        try:
            return patiently(lambda: self._client.create_study(parent=parent, study=study)).name
        except Conflict:  # there is one of that name
            request = {"parent": parent, "display_name": name}
            return patiently(lambda: self._client.lookup_study(request=request)).name

    def suggest(self) -> Suggestion | None:
        request = {"parent": self._name, "suggestion_count": 1, "client_id": _CLIENT}
        with refusals_as_sentences():
            found = patiently(lambda: self._client.suggest_trials(request=request).result()).trials
        if not found:
            return None
        return Suggestion(_number(found[0]), self._values(found[0]))

    def complete(self, trial: Tried) -> None:
        name = f"{self._name}/trials/{trial.number}"
        if trial.value is None:
            outcome: dict[str, Any] = {"trial_infeasible": True, "infeasible_reason": trial.reason}
        else:
            metrics = [{"metric_id": self._metric, "value": trial.value}]
            outcome = {"final_measurement": {"metrics": metrics, "elapsed_duration": timedelta(seconds=trial.seconds)}}

        def once() -> None:
            # Where the answer was lost the trial is completed already, which the service would refuse to do again.
            if self._client.get_trial(name=name).state not in _ENDED:
                self._client.complete_trial(request={"name": name, **outcome})

        with refusals_as_sentences():
            patiently(once)

    def tried(self) -> list[Tried]:
        with refusals_as_sentences():
            found = patiently(lambda: list(self._client.list_trials(parent=self._name)))
        return sorted((self._tried(each) for each in found if each.state in _ENDED), key=lambda each: each.number)

    def _tried(self, trial: types.Trial) -> Tried:
        final = trial.final_measurement
        value = next((each.value for each in final.metrics if each.metric_id == self._metric), None)
        failed = trial.state is types.Trial.State.INFEASIBLE
        elapsed: Any = final.elapsed_duration  # given as a timedelta
        seconds = elapsed.total_seconds() if elapsed else 0.0
        return Tried(_number(trial), self._values(trial), None if failed else value, seconds, trial.infeasible_reason)

    def _values(self, trial: types.Trial) -> dict[str, Value]:
        given: dict[str, Any] = {each.parameter_id: each.value for each in trial.parameters}
        return {lever: _value(lever, values, given[lever]) for lever, values in self._space.items()}


def _parameter(lever: str, values: Range | Choices, start: Value | None) -> types.StudySpec.ParameterSpec:
    """A lever as the service describes it; its own default is where it starts."""
    default = {} if start is None else {"default_value": start}
    if isinstance(values, tuple):
        default = {name: str(value) for name, value in default.items()}
        return _Spec({"parameter_id": lever, "categorical_value_spec": {"values": list(map(str, values)), **default}})
    low, high = some_values(lever, values)
    return _Spec(
        {
            "parameter_id": lever,
            "integer_value_spec" if is_whole(lever) else "double_value_spec": {
                "min_value": low,
                "max_value": high,
                **default,
            },
            "scale_type": _Spec.ScaleType.UNIT_LOG_SCALE if values.log else _Spec.ScaleType.UNIT_LINEAR_SCALE,
        }
    )


def _value(lever: str, values: Range | Choices, given: Any) -> Value:
    if isinstance(values, tuple):
        return next(each for each in values if str(each) == given)
    return round(given) if is_whole(lever) else float(given)


def _number(trial: types.Trial) -> int:
    return int(trial.name.rpartition("/")[2])
