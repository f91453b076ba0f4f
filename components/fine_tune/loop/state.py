"""Checkpoint files: all that a training needs to go on as if it had not been interrupted."""

import fcntl
import hashlib
import io
import json
import os
import socket
import zipfile
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ...data import storage
from ...errors import InputError

# Lists of arrays by what they are of, such as `network`.
Arrays = dict[str, list[NDArray[Any]]]

_PREFIX = "checkpoint-"
_META = "meta"
_SLOTS = ("a", "b")
# What reading a file raises that is not whole, or that another version of this code wrote.
_DAMAGES = (zipfile.BadZipFile, ValueError, KeyError, TypeError, EOFError)


@dataclass
class State:
    """How far a training is, apart from its arrays.

    Attributes:
        step: steps taken.
        is_open: whether what follows the last step, such as an evaluation, is still to be done.
        seconds: spent, in all processes that one was resumed in.
        curve: so far.
        sums: of the losses since the last point of the curve.
        losses: means of them at the last step.
        summed: number of steps that `sums` are of.
        best_step: of the best evaluation.
        best: its metrics; empty while there was none.
        last: metrics of the last evaluation, and `step`.
        worse: evaluations since the best one.
        stopped: why training ended early; empty if it did not.
        finished: whether nothing is left to do.
        loss_scale: for float16.
        scaled_steps: steps since that changed.
    """

    step: int = 0
    is_open: bool = False
    seconds: float = 0.0
    curve: list[dict[str, float]] = field(default_factory=list)
    sums: dict[str, float] = field(default_factory=dict)
    summed: int = 0
    losses: dict[str, float] = field(default_factory=dict)
    best_step: int = 0
    best: dict[str, float] = field(default_factory=dict)
    last: dict[str, float] = field(default_factory=dict)
    worse: int = 0
    stopped: str = ""
    finished: bool = False
    loss_scale: float = 1.0
    scaled_steps: int = 0

    @property
    def done(self) -> int:
        """Steps that are over, with all that follows them."""
        return self.step - self.is_open


class Checkpoints:
    """The newest two checkpoints of one training.

    They are written in turn to two files, each whole or not at all, which are named by the training's fingerprint.
    """

    def __init__(self, place: str, fingerprint: str) -> None:
        """Takes where they are.

        Args:
            place: folder or gs:// URI; "" to keep none.
            fingerprint: of all that decides what comes out of the training.
        """
        self._place = place
        name = hashlib.sha256(fingerprint.encode()).hexdigest()[:16]
        self._files = [storage.join(place, f"{_PREFIX}{name}-{slot}.npz") for slot in _SLOTS] if place else []
        self.last = ""

    def save(self, state: State, arrays: Arrays) -> None:
        """Replaces the older of the two.

        Raises:
            OSError: it may not be written.
            InputError: an array holds something that is not a number.
        """
        if not self._files:
            return
        named = {f"{kind}/{place:05d}": values for kind, each in arrays.items() for place, values in enumerate(each)}
        for name, values in named.items():
            if values.dtype.kind == "f" and not np.isfinite(values).all():
                raise InputError(f"a weight ({name}) is not a number after step {state.step}: lower the learning rate")
        meta = json.dumps(asdict(state)).encode()
        file = io.BytesIO()
        np.savez(file, allow_pickle=False, **{_META: np.frombuffer(meta, np.uint8)}, **named)
        target = next(each for each in self._files if each != self.last)
        storage.write_bytes(target, file.getvalue())
        self.last = target

    def load(self) -> tuple[State, Arrays] | None:
        """The newest one that is whole; None if there is none."""
        self._mention_others()
        metas = {file: meta for file in self._files if storage.exists(file) and (meta := _read_state(file))}
        for file, _ in sorted(metas.items(), key=lambda each: -each[1].step):
            try:
                loaded = _read(file)
            except _DAMAGES as error:
                _say_damaged(file, error)
                continue
            self.last = file
            return loaded
        return None

    def _mention_others(self) -> None:
        if not self._place:
            return
        names = {storage.file_name(file) for file in storage.list_files(self._place)}
        others = {name for name in names if name.startswith(_PREFIX)} - set(map(storage.file_name, self._files))
        if others:
            print(
                f"{self._place} also holds checkpoints of another training (other data, weights or settings), which "
                "are left alone.",
                flush=True,
            )


@contextmanager
def held(place: str) -> Iterator[None]:
    """Holds a folder for this process; a bucket's cannot be.

    Raises:
        InputError: another process holds it.
    """
    if not place or storage.is_remote(place):
        yield
        return
    Path(place).mkdir(parents=True, exist_ok=True)
    with (Path(place) / ".lock").open("a+") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            lock.seek(0)
            raise InputError(
                f"{place} is in use by {lock.read().strip()}: wait for that training, or give another place"
            ) from None
        lock.truncate(0)
        print(f"process {os.getpid()} of {socket.gethostname()}", file=lock, flush=True)
        yield


def _read_state(file: str) -> State | None:
    try:
        with storage.open_binary(file) as opened, np.load(opened, allow_pickle=False) as arrays:
            return _state(arrays)
    except _DAMAGES as error:
        _say_damaged(file, error)
        return None


def _read(file: str) -> tuple[State, Arrays]:
    loaded: Arrays = {}
    with storage.open_binary(file) as opened, np.load(opened, allow_pickle=False) as arrays:
        for name in arrays.files:
            if name != _META:
                loaded.setdefault(name.split("/")[0], []).append(arrays[name])
        return _state(arrays), loaded


def _state(arrays: Mapping[str, NDArray[Any]]) -> State:
    return State(**json.loads(arrays[_META].tobytes()))


def _say_damaged(file: str, error: Exception) -> None:
    print(f"The checkpoint {file} is damaged ({error}): the one before it is used, if there is one.", flush=True)


def assign(variables: Sequence[Any], values: Sequence[NDArray[Any]]) -> None:
    """Gives variables their values of a checkpoint.

    Raises:
        InputError: they are others.
    """
    if [tuple(each.shape) for each in variables] != [each.shape for each in values]:
        raise InputError("the checkpoint is of another network: give another place for the checkpoints")
    for variable, value in zip(variables, values, strict=True):
        variable.assign(value)
