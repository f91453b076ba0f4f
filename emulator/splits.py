"""How the data of a training are split.

Tables: https://cloud.google.com/vertex-ai/docs/tabular-data/data-splits, images:
https://cloud.google.com/vertex-ai/docs/general/ml-use.
"""

import zlib
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, Generic, TypeVar

from google.cloud.aiplatform_v1 import types

from .checks import Checks
from .errors import not_built
from .listing import matches

Item = TypeVar("Item")

_DEFAULT = (0.8, 0.1, 0.1)
_USES = {"train": 0, "training": 0, "validate": 1, "validation": 1, "test": 2}


@dataclass(frozen=True)
class Split(Generic[Item]):
    """What a model is trained on, chosen by, and evaluated on."""

    training: list[Item]
    validation: list[Item]
    test: list[Item]


def check_split(checks: Checks, config: types.InputDataConfig, allowed: Sequence[str]) -> None:
    """Checks the split that a training asks for, of the kinds that its task allows.

    Raises:
        ApiError: a filter that cannot be read.
    """
    kind = _kind_of(config)
    if kind == "stratified_split":
        raise not_built("The emulator does not stratify splits.")
    field = f"input_data_config.{kind}"
    checks.that(not kind or kind in allowed, field, "This split is not supported for this kind of training.")
    if kind in ("predefined_split", "timestamp_split"):
        checks.required(f"{field}.key", getattr(config, kind).key)
    if kind in ("fraction_split", "timestamp_split"):
        parts = _fractions(getattr(config, kind))
        good = all(part >= 0 for part in parts) and abs(sum(parts) - 1) < 1e-6
        checks.that(good, field, f"The fractions must not be negative and must sum up to 1; got {sum(parts):g}.")
    if kind == "filter_split":
        for name in ("training_filter", "validation_filter", "test_filter"):
            checks.required(f"{field}.{name}", terms := getattr(config.filter_split, name))
            matches({}, terms.removeprefix("-"))


def split(
    items: Sequence[Item], config: types.InputDataConfig, values: Callable[[Item], dict[str, Any]], use: str, time: str
) -> Split[Item]:
    """Splits data as a training asks for it; the same data is always split alike.

    Args:
        items: rows or images.
        config: of the training.
        values: the values of an item by name, which keys and filters of splits speak of.
        use: name of the value that says the split of an item where the training does not say how to split; "" for none.
        time: name of the value to order by where the training does not say how to split; "" for none.
    """
    kind = _kind_of(config)
    if kind == "filter_split":
        wanted = config.filter_split
        filters = (wanted.training_filter, wanted.validation_filter, wanted.test_filter)
        return _by_number(items, [_first_match(values(item), filters) for item in items])
    if kind == "predefined_split":
        key = config.predefined_split.key
        return _by_number(items, [_USES.get(str(values(item).get(key)).lower(), -1) for item in items])
    if not kind and use and any(values(item)[use] for item in items):
        return _by_number(items, [_USES.get(values(item)[use], 0) for item in items])
    fractions = _fractions(getattr(config, kind)) if kind else _DEFAULT
    if key := config.timestamp_split.key or time:
        # Without a time an item is ignored.
        timed = [item for item in items if values(item).get(key)]
        return _cut(sorted(timed, key=lambda item: values(item)[key]), fractions)
    return _cut(sorted(items, key=_shuffled), fractions)


def _kind_of(config: types.InputDataConfig) -> str:
    """Name of the field that says how to split; "" for the service's default."""
    return types.InputDataConfig.pb(config).WhichOneof("split") or ""


def _fractions(split: Any) -> tuple[float, float, float]:
    parts = (split.training_fraction, split.validation_fraction, split.test_fraction)
    return parts if any(parts) else _DEFAULT


def _first_match(values: dict[str, Any], filters: Sequence[str]) -> int:
    """Number of the first filter that holds; one of `-` never does. -1 if none holds."""
    return next((at for at, terms in enumerate(filters) if terms != "-" and matches({"labels": values}, terms)), -1)


def _by_number(items: Sequence[Item], numbers: Sequence[int]) -> Split[Item]:
    return Split(*([item for item, at in zip(items, numbers, strict=True) if at == number] for number in range(3)))


def _cut(items: list[Item], fractions: Sequence[float]) -> Split[Item]:
    first = round(len(items) * fractions[0])
    second = round(len(items) * (fractions[0] + fractions[1]))
    return Split(items[:first], items[first:second], items[second:])


def _shuffled(item: object) -> int:
    """An order that has nothing to do with that of the data, and is the same every time."""
    return zlib.crc32(repr(item).encode())
