"""Vizier's studies and trials (https://cloud.google.com/vertex-ai/docs/reference/rest/v1/projects.locations.studies)."""

import random
from collections.abc import Callable, Mapping
from typing import Any

from google.cloud.aiplatform_v1 import types
from google.longrunning.operations_pb2 import Operation
from google.protobuf.empty_pb2 import Empty

from .checks import Checks, parse
from .errors import ApiError, HTTPStatus, not_found, not_now
from .kinds import Kind
from .resources import now

_Spec = types.StudySpec.ParameterSpec
_State = types.Trial.State
_MOST_VALUES = 1000


class Studies(Kind):
    """Studies: what is to be optimised, over which parameters."""

    collection = "studies"
    message = types.Study
    plural = "Studies"

    @property
    def collection_verbs(self) -> Mapping[str, Callable[[str, bytes], Any]]:
        return {"lookup": self.lookup}

    def create(self, parent: str, body: bytes, resource_id: str) -> types.Study:
        study = parse(types.Study, body)
        with Checks("study") as checks:
            checks.display_name(study.display_name)
            _check_metrics(checks, study.study_spec)
            _check_parameters(checks, study.study_spec)
        if self._of(parent, study.display_name):
            raise ApiError(HTTPStatus.CONFLICT, "ALREADY_EXISTS", f"Study {study.display_name} already exists.")
        study.name = self.shared.resources.new_name(parent, self.collection)
        study.state, study.create_time = types.Study.State.ACTIVE, now()
        self.shared.resources.add(study)
        return study

    def lookup(self, parent: str, body: bytes) -> types.Study:
        """The study of a display name.

        Raises:
            ApiError: there is none.
        """
        request = parse(types.LookupStudyRequest, body)
        with Checks("lookup_study_request") as checks:
            checks.required("display_name", request.display_name)
        if not (found := self._of(parent, request.display_name)):
            raise not_found(f"Study {request.display_name}")
        return found[0]

    def delete(self, name: str) -> Empty:
        self.shared.resources.remove(self.get(name).name)
        return Empty()

    def _of(self, parent: str, display_name: str) -> list[types.Study]:
        return [
            each for each in self.shared.resources.all(parent, self.collection) if each.display_name == display_name
        ]


class Trials(Kind):
    """Trials: first where the study's parameters have their default values, then at random."""

    collection = "trials"
    message = types.Trial

    @property
    def collection_verbs(self) -> Mapping[str, Callable[[str, bytes], Any]]:
        return {"suggest": self.suggest}

    @property
    def verbs(self) -> Mapping[str, Callable[[str, bytes], Any]]:
        return {"complete": self.complete}

    def suggest(self, parent: str, body: bytes) -> Operation:
        """Suggests trials; those that the client has not completed are suggested to it again.

        Raises:
            ApiError: the request is one that the service would not take.
        """
        study, request = self.shared.resources.get(parent), parse(types.SuggestTrialsRequest, body)
        with Checks("suggest_trials_request") as checks:
            checks.required("client_id", request.client_id)
            checks.that(request.suggestion_count > 0, "suggestion_count", "Must be positive.")
        metadata = types.SuggestTrialsMetadata(client_id=request.client_id)
        return self.shared.operations.start(parent, metadata, lambda: self._suggested(study, request))

    def _suggested(self, study: types.Study, request: types.SuggestTrialsRequest) -> types.SuggestTrialsResponse:
        known = self.shared.resources.all(study.name, self.collection)
        active = [each for each in known if each.state == _State.ACTIVE and each.client_id == request.client_id]
        count = request.suggestion_count
        new = [self._new(study, len(known) + place, request.client_id) for place in range(count - len(active))]
        return types.SuggestTrialsResponse(trials=[*active, *new][:count], study_state=study.state)

    def _new(self, study: types.Study, place: int, client: str) -> types.Trial:
        trial = types.Trial(
            name=f"{study.name}/trials/{place + 1}",
            id=str(place + 1),
            state=_State.ACTIVE,
            parameters=[_parameter(each, place) for each in study.study_spec.parameters],
            client_id=client,
            start_time=now(),
        )
        self.shared.resources.add(trial)
        return trial

    def complete(self, name: str, body: bytes) -> types.Trial:
        """Ends a trial, with a measurement of the study's metrics or as one that cannot be run.

        Raises:
            ApiError: it has ended, or the request is one that the service would not take.
        """
        trial, request = self.get(name), parse(types.CompleteTrialRequest, body)
        study = self.shared.resources.get(name.partition("/trials/")[0])
        if trial.state != _State.ACTIVE:
            raise not_now(f"{name} has ended ({trial.state.name}).")
        with Checks("complete_trial_request") as checks:
            wanted = {each.metric_id for each in study.study_spec.metrics}
            given = {each.metric_id for each in request.final_measurement.metrics}
            field = "final_measurement.metrics"
            checks.that(request.trial_infeasible or given == wanted, field, f"Must be of {', '.join(sorted(wanted))}.")
            without_reason = request.trial_infeasible or not request.infeasible_reason
            checks.that(without_reason, "infeasible_reason", "Only for a trial that is infeasible.")
        trial.end_time = now()
        trial.state = _State.INFEASIBLE if request.trial_infeasible else _State.SUCCEEDED
        trial.infeasible_reason = request.infeasible_reason
        if not request.trial_infeasible:
            trial.final_measurement = request.final_measurement
        return trial


def _check_metrics(checks: Checks, spec: types.StudySpec) -> None:
    checks.required("study_spec.metrics", spec.metrics)
    names = [each.metric_id for each in spec.metrics]
    _check_ids(checks, "study_spec.metrics.metric_id", names)


def _check_ids(checks: Checks, field: str, names: list[str]) -> None:
    good = all(name and not any(letter.isspace() for letter in name) for name in names)
    checks.that(good, field, "Must not be empty or contain whitespaces.")
    checks.that(len(set(names)) == len(names), field, "Must be unique.")


def _check_parameters(checks: Checks, spec: types.StudySpec) -> None:
    checks.required("study_spec.parameters", spec.parameters)
    _check_ids(checks, "study_spec.parameters.parameter_id", [each.parameter_id for each in spec.parameters])
    for each in spec.parameters:
        _check_values(checks, each)


def _check_values(checks: Checks, parameter: types.StudySpec.ParameterSpec) -> None:
    """A parameter has one kind of values, among which its default is."""
    field, kind = f"study_spec.parameters[{parameter.parameter_id}]", _kind(parameter)
    checks.required(field, kind)
    if not kind:
        return
    values: Any = getattr(parameter, kind)
    if kind in ("categorical_value_spec", "discrete_value_spec"):
        checks.that(0 < len(values.values) <= _MOST_VALUES, f"{field}.values", "Must be 1 to 1,000 values.")
        inside = "default_value" not in values or values.default_value in values.values
        scaled = kind == "categorical_value_spec" and parameter.scale_type
        checks.that(not scaled, f"{field}.scale_type", "Leave unset for categorical parameters.")
    else:
        checks.that(values.min_value <= values.max_value, f"{field}.min_value", "Must not be above max_value.")
        inside = "default_value" not in values or values.min_value <= values.default_value <= values.max_value
        positive = parameter.scale_type < _Spec.ScaleType.UNIT_LOG_SCALE or values.min_value > 0
        checks.that(positive, f"{field}.min_value", "Must be positive for a logarithmic scale.")
    checks.that(inside, f"{field}.default_value", "Must be in the feasible space.")


def _kind(parameter: types.StudySpec.ParameterSpec) -> str:
    return _Spec.pb(parameter).WhichOneof("parameter_value_spec") or ""


def _parameter(spec: types.StudySpec.ParameterSpec, place: int) -> types.Trial.Parameter:
    """The value of a parameter in a trial, the first of which is at place 0."""
    values: Any = getattr(spec, _kind(spec))
    share = random.Random(f"{spec.parameter_id} {place}").random()
    if place == 0 and "default_value" in values:
        value = values.default_value
    elif _kind(spec) in ("categorical_value_spec", "discrete_value_spec"):
        value = values.values[int(share * len(values.values))]
    elif spec.scale_type == _Spec.ScaleType.UNIT_LOG_SCALE:
        value = values.min_value * (values.max_value / values.min_value) ** share
    else:
        value = values.min_value + share * (values.max_value - values.min_value)
    return types.Trial.Parameter(
        parameter_id=spec.parameter_id, value=round(value) if _kind(spec) == "integer_value_spec" else value
    )
