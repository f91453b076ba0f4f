"""A team's own Python module: which functions it may have, and how it is read.

All functions are optional; each is called with the arguments of these names. N is the number of examples.

    build_model(num_outputs, image_size)  a whole keras.Model, from images float32 [N, S, S, 3], -1..1, to outputs
    build_head(features, num_outputs)     the outputs from features float32 [N, F]: of our backbone, pooled over the
                                          image, or the encoded columns of a table
    losses(outputs, targets)              by name, float32 [N], in the graph
    augment(images, targets, draws)       images and targets of a batch, changed, in the graph
    metrics(targets, outputs)             by name, a number, from numpy arrays of the whole validation split
    learning_rate(step, config)           float32 scalar at a step of the whole training, in the graph

Outputs are a tensor `logits`, or a dict of tensors with one of that name; the others are for the losses and metrics.
Constants go with them: LOSS_WEIGHTS, what each loss is multiplied by (1 where it is not named); HIGHER_IS_BETTER, by
metric whether more of it is better; and BEST_WEIGHTS_BY, the metric that the best weights are chosen by, in place of
the task's own.
"""

import hashlib
import inspect
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from difflib import get_close_matches
from functools import wraps
from types import ModuleType
from typing import Any

import tensorflow as tf

from ...data import storage
from ...errors import InputError
from .running import run, sentence

HOOKS = {
    "build_model": ("num_outputs", "image_size"),
    "build_head": ("features", "num_outputs"),
    "losses": ("outputs", "targets"),
    "augment": ("images", "targets", "draws"),
    "metrics": ("targets", "outputs"),
    "learning_rate": ("step", "config"),
}
_CONSTANTS = {"LOSS_WEIGHTS": "losses", "HIGHER_IS_BETTER": "metrics", "BEST_WEIGHTS_BY": "metrics"}
_LOOKS_LIKE = 0.7  # difflib's ratio from which a name is taken for a misspelt one

Hook = Callable[..., Any]


@dataclass(frozen=True)
class OwnModule:
    """The functions and constants of a module; None where it has no such function.

    An error in a function is raised as an `InputError` with the file and the line. Python's `if` and `for` on tensors
    work only in functions that the module itself decorates with `tf.function`.

    Attributes:
        location: path or gs:// URI; "" for no module.
        source: its content.
    """

    location: str = ""
    source: bytes = b""
    build_model: Hook | None = None
    build_head: Hook | None = None
    losses: Hook | None = None
    augment: Hook | None = None
    metrics: Hook | None = None
    learning_rate: Hook | None = None
    loss_weights: Mapping[str, float] = field(default_factory=dict)
    higher_is_better: Mapping[str, bool] = field(default_factory=dict)
    best_weights_by: str = ""

    @property
    def digest(self) -> str:
        """SHA-256 of the content in hexadecimal, for the fingerprint of a training; "" for no module."""
        return hashlib.sha256(self.source).hexdigest() if self.location else ""

    def refuse(self, *hooks: str, why: str) -> None:
        """Refuses functions that a task has no use for, rather than ignoring them.

        Raises:
            InputError: the module has one of them.
        """
        for name in hooks:
            if getattr(self, name):
                raise InputError(f"{self.location} has a function {name}, but {why}: remove it")

    def chosen_by(self, metric: str, higher_is_better: bool) -> tuple[str, bool]:
        """The metric that the best weights are chosen by, and whether more of it is better: the task's, or its own."""
        if self.best_weights_by:
            return self.best_weights_by, self.higher_is_better[self.best_weights_by]
        return metric, higher_is_better

    def rate_for(self, schedule: str) -> Hook | None:
        """Its `learning_rate`, for `loop.run`; None where the schedule is not `own`.

        Raises:
            InputError: the schedule is `own` and there is none, or the other way round.
        """
        if (schedule == "own") != bool(self.learning_rate):
            raise InputError(
                f"learning_rate_schedule is {schedule!r}, and the own module has {'a' if self.learning_rate else 'no'} "
                "function learning_rate: the schedule `own` and that function go together"
            )
        return self.learning_rate


def load(location: str) -> OwnModule:
    """Reads and runs a module. It runs with all rights of this process, as any Python that its user starts.

    Args:
        location: path or gs:// URI of one .py file; "" for none.

    Raises:
        InputError: it cannot be read or run, or has functions of wrong names or arguments.
    """
    if not location:
        return OwnModule()
    if not location.endswith(".py"):
        raise InputError(f"module {location!r} is not a Python file: give the path or gs:// URI of one .py file")
    try:
        source = storage.read_bytes(location)
    except OSError as error:
        raise InputError(f"module {location} cannot be read: {error}") from None
    module = run(location, source)
    _refuse_misspelt(location, module)
    hooks = {name: _checked_hook(location, name, value) for name, value in _functions(module).items() if name in HOOKS}
    if not hooks:
        raise InputError(f"{location} has none of the functions {', '.join(HOOKS)}: write one, or give no module")
    if {"build_model", "build_head"} <= hooks.keys():
        raise InputError(f"{location} has both build_model and build_head: a whole model has its own head, keep one")
    return OwnModule(location, source, **hooks, **_constants(location, module, hooks))


def _functions(module: ModuleType) -> dict[str, Hook]:
    """Public names that can be called; `from keras import losses` is none."""
    return {name: value for name, value in vars(module).items() if not name.startswith("_") and callable(value)}


def _refuse_misspelt(location: str, module: ModuleType) -> None:
    own = [name for name, value in _functions(module).items() if getattr(value, "__module__", "") == module.__name__]
    constants = [name for name in vars(module) if name.isupper()]
    for name, known in [*((name, HOOKS) for name in own), *((name, _CONSTANTS) for name in constants)]:
        meant = get_close_matches(name, known, n=1, cutoff=_LOOKS_LIKE)
        if meant and name not in known:
            raise InputError(f"{location}: {name} looks like {meant[0]}; rename it (with a leading _ if it is not)")


def _checked_hook(location: str, name: str, function: Hook) -> Hook:
    try:
        inspect.signature(function).bind(**dict.fromkeys(HOOKS[name]))
    except TypeError as error:
        line = function.__code__.co_firstlineno if inspect.isfunction(function) else 1
        raise InputError(
            f"{location}, line {line}: {name} is called with the arguments {', '.join(HOOKS[name])} by name ({error})"
        ) from None

    @wraps(function)
    def call(*values: Any) -> Any:
        try:
            return function(**dict(zip(HOOKS[name], values, strict=True)))
        except InputError:
            raise
        except (Exception, SystemExit) as error:  # sys.exit(0) would look like a step that did its work
            raise sentence(location, error, name) from error

    # The lines of an error in code that AutoGraph has rewritten are not those of the file.
    return tf.autograph.experimental.do_not_convert(call)


def _constants(location: str, module: ModuleType, hooks: Mapping[str, Hook]) -> dict[str, Any]:
    given = {name: getattr(module, name) for name in _CONSTANTS if hasattr(module, name)}
    for name in given:
        if _CONSTANTS[name] not in hooks:
            raise InputError(f"{location} has {name} but no function {_CONSTANTS[name]}: write one, or remove {name}")
    weights, directions, best = (
        given.get("LOSS_WEIGHTS", {}),
        given.get("HIGHER_IS_BETTER", {}),
        given.get("BEST_WEIGHTS_BY", ""),
    )
    _check_values(location, "LOSS_WEIGHTS", weights, (int, float), "a number of 0 or more")
    _check_values(location, "HIGHER_IS_BETTER", directions, (bool,), "True or False")
    if best and best not in directions:
        raise InputError(
            f"{location}: BEST_WEIGHTS_BY is {best!r}; say in HIGHER_IS_BETTER whether more of it is better"
        )
    return {"loss_weights": weights, "higher_is_better": directions, "best_weights_by": best}


def _check_values(location: str, name: str, values: Any, kinds: tuple[type, ...], wanted: str) -> None:
    if not isinstance(values, dict) or not all(isinstance(each, kinds) and each >= 0 for each in values.values()):
        raise InputError(f"{location}: {name} is {values!r}, but maps names to {wanted}")
