"""Which levers are searched, between which values, and where the search starts."""

import math
from collections.abc import Mapping, Sequence
from difflib import get_close_matches
from typing import Any, Self

from pydantic import BaseModel, ConfigDict, ValidationError, model_validator

from ...data.dataset import Dataset
from ...errors import InputError
from ..settings.config import FineTuneConfig
from ..settings.faults import validated
from ..settings.read import read_text
from ..settings.yaml_form import parse_mapping

Value = bool | int | float | str

# What decides how trials are judged, or what they are of, is no lever to be searched.
_FIXED = ("augmentation", "module", "num_classes", "seed", "validation_share")


class Range(BaseModel):
    """Numbers between two ends, both included; whole ones where the lever takes no others."""

    model_config = ConfigDict(extra="forbid", frozen=True, strict=True, allow_inf_nan=False)

    low: float
    high: float
    log: bool = False

    def place(self, value: float) -> float:
        """Where between the ends a value is, 0..1."""
        scale = math.log if self.log else float
        return (scale(value) - scale(self.low)) / (scale(self.high) - scale(self.low))

    @model_validator(mode="after")
    def _ends_fit(self) -> Self:
        if self.low >= self.high:
            raise ValueError(f"low is {self.low:g} and high {self.high:g}, but low should be below high")
        if self.log and self.low <= 0:
            raise ValueError(f"log is true, but low is {self.low:g}, which should be above 0")
        return self


Choices = tuple[Value, ...]
Space = Mapping[str, Range | Choices]


def contains(values: Range | Choices, value: Any) -> bool:
    """Whether a lever's value is among those that are searched."""
    if isinstance(values, tuple):
        return value in values
    return isinstance(value, int | float) and values.low <= value <= values.high


def is_whole(lever: str) -> bool:
    """Whether a lever takes whole numbers only."""
    try:
        FineTuneConfig.model_validate({lever: 0.5})  # every other lever takes that
    except ValidationError:
        return True
    return False


def some_values(lever: str, values: Range | Choices) -> Choices:
    """All values of a list, or the ends of a range."""
    if isinstance(values, tuple):
        return values
    return tuple(int(end) if is_whole(lever) else end for end in (values.low, values.high))


def starting_points(space: Space, configs: Sequence[FineTuneConfig]) -> list[dict[str, Value]]:
    """What some resolved configs say of the levers that are searched; values outside of the space are left out."""
    points = [{name: getattr(each, name) for name in space} for each in configs]
    inside = [{name: value for name, value in each.items() if contains(space[name], value)} for each in points]
    return [each for place, each in enumerate(inside) if each and each not in inside[:place]]


def default_space(dataset: Dataset, start: FineTuneConfig) -> Space:
    """The few levers that matter most, around where the search starts: a resolved config."""
    rate, batch_size = start.learning_rate or 1e-3, start.batch_size or 1
    space: dict[str, Range | Choices] = {
        "learning_rate": Range(low=rate / 10, high=min(10 * rate, 10.0), log=True),
        "weight_decay": Range(low=1e-5, high=0.1, log=True),
    }
    if not dataset.task.is_image:
        space["batch_size"] = tuple(dict.fromkeys((max(1, batch_size // 2), batch_size, 2 * batch_size)))
    elif start.fine_tune_checkpoint_type != "none":
        space["backbone_learning_rate_factor"] = Range(low=0.03, high=1.0, log=True)
    return space


def read_space(location: str, levers: FineTuneConfig) -> Space:
    """Reads a search space.

    Args:
        location: path or gs:// URI of YAML, by lever `{low: 1e-4, high: 1e-2, log: true}` or a list of values.
        levers: that the user has set, which the searched ones must go together with.

    Raises:
        InputError: it cannot be read, or a name or a value is not that of a lever.
    """
    found, lines = parse_mapping(read_text(location), location)
    if not found:
        raise InputError(f"{location}: there is no lever to search, such as `learning_rate: {{low: 1e-4, high: 1e-2}}`")
    return {name: _values(name, given, f"{location}, line {lines[name,]}", levers) for name, given in found.items()}


def _values(name: str, given: Any, where: str, levers: FineTuneConfig) -> Range | Choices:
    if name not in FineTuneConfig.model_fields or name in _FIXED:
        known = [each for each in FineTuneConfig.model_fields if each not in _FIXED]
        near = get_close_matches(name, known, n=1)
        hint = f"did you mean {near[0]}?" if near else f"there are {', '.join(known)}"
        raise InputError(f"{where}: {name} is no lever that can be searched: {hint}")
    values = _range(name, given, where) if isinstance(given, dict) else _choices(name, given, where)
    for value in some_values(name, values):
        try:
            levers.with_values(**{name: value})
        except InputError as error:
            raise InputError(f"{where}: {str(error).partition(': ')[2]}") from None
    return values


def _range(name: str, given: dict[Any, Any], where: str) -> Range:
    values = validated(Range, {str(key): value for key, value in given.items()}, f"{where}, {name}")
    if is_whole(name) and not (values.low.is_integer() and values.high.is_integer()):
        raise InputError(f"{where}: {name} takes whole numbers, but is searched from {values.low:g} to {values.high:g}")
    return values


def _choices(name: str, given: Any, where: str) -> Choices:
    is_list = isinstance(given, list) and all(isinstance(each, Value) for each in given)
    if not is_list or len(set(given)) < 2 or len(set(given)) < len(given):
        raise InputError(
            f"{where}: {name} should be {{low: ..., high: ...}}, or a list of two or more different values"
        )
    return tuple(given)
