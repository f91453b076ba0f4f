"""A run's folder on this machine, and the work folder that it shares with the runs beside it.

    RUNS/NAME/                    pipeline.yaml, run.json, summary.json, report.html, logs/STEP.log, STEP/ARTIFACT
    RUNS/.graduate/NAME.lock      held while the run is alive; NAME.tasks while one of its tasks is
    RUNS/.graduate/DIGEST/work    where tasks write; never overwritten, so that later runs can reuse it
    RUNS/.graduate/DIGEST/cache   KFP's record of which inputs gave which outputs

KFP's cache knows neither the code of the tasks nor the content of their input files, so DIGEST is of both.
"""

import fcntl
import hashlib
import json
import os
import shutil
import sys
import time
from collections.abc import Iterable, Iterator
from contextlib import contextmanager, suppress
from functools import cache
from pathlib import Path
from typing import Any

from .. import components
from ..components.data import storage
from ..components.data.images import IMAGE_SUFFIXES
from ..components.errors import InputError
from .run_record import RECORD_FILE, RunRecord

_SHARED = ".graduate"
# A killed run's tasks get a few seconds to end, see task_supervisor.
_PATIENCE_SECONDS = 15.0
_IMPORT_SUFFIXES = (".csv", ".jsonl", ".ndjson")


def shared_folder(run_dir: Path, inputs: Iterable[str]) -> Path:
    """Folder for `work` and `cache`, shared by the runs with the same code and the same input files.

    Args:
        run_dir: the run's folder.
        inputs: fingerprints of the input files.
    """
    digest = hashlib.sha256("\n".join([code_digest(), *inputs]).encode()).hexdigest()[:16]
    return run_dir.parent / _SHARED / digest


@cache
def code_digest() -> str:
    """SHA-256 of everything that a task imports: the components, and which version of what is installed."""
    digest = hashlib.sha256(sys.version.encode())
    root = Path(components.__path__[0])
    for file in sorted(path for path in root.rglob("*") if path.is_file() and path.suffix != ".pyc"):
        digest.update(f"{file.relative_to(root)}\0".encode() + file.read_bytes())
    installed = {found.name for folder in sys.path for found in Path(folder).glob("*.dist-info")}
    digest.update("\n".join(sorted(installed)).encode())
    return digest.hexdigest()


def fingerprint(location: str) -> str:
    """What tells whether an input has changed.

    Of a local file these are its bytes and, where it is an import file, the sizes and times of the images on this
    machine that it lists; of a folder and of what is in Cloud Storage, the names of the files and their versions.

    Raises:
        InputError: it cannot be read.
    """
    try:
        if storage.is_remote(location) or os.path.isdir(location):
            known = storage.versions(location)
        else:
            known = [_digest(location), *(storage.versions(image) for image in _listed_images(location))]
    except OSError as error:
        raise InputError(f"{location} cannot be read: {error}.") from error
    return hashlib.sha256(repr(known).encode()).hexdigest()


def _digest(file: str) -> str:
    with open(file, "rb") as content:
        return hashlib.file_digest(content, "sha256").hexdigest()


def _listed_images(file: str) -> list[str]:
    """Image files on this machine that an import file lists; none where the file is no import file."""
    if not file.lower().endswith(_IMPORT_SUFFIXES):
        return []
    folder = storage.parent(file)
    with open(file, encoding="utf-8-sig", errors="replace") as lines:
        listed = {storage.join(folder, name) for line in lines for name in _image_names(line)}
    return sorted(image for image in listed if os.path.isfile(image))


def _image_names(line: str) -> Iterator[str]:
    """Yields what may be the name of an image in a line of CSV or JSON."""
    if "\\" in line:  # JSON may write any character as an escape
        with suppress(ValueError):
            line = json.dumps(json.loads(line), ensure_ascii=False)
    for quoted in line.split('"'):
        for text in (quoted, *quoted.split(",")):
            if (name := text.strip()).lower().endswith(IMAGE_SUFFIXES):
                yield name


@contextmanager
def locked(run_dir: Path) -> Iterator[int]:
    """Keeps other runs away from a run folder.

    There are two locks: the run's own, and one for its tasks, which a killed run leaves to them for the moment that
    they still have.

    Yields:
        A file descriptor: a task that inherits it holds the tasks' lock until it ends.

    Raises:
        InputError: another run has the folder.
    """
    shared = run_dir.parent / _SHARED
    try:
        shared.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise InputError(f"{run_dir} cannot be made: {error.strerror}; give another --run-dir.") from None
    own, tasks = (os.open(shared / f"{run_dir.name}{suffix}", os.O_RDWR | os.O_CREAT) for suffix in (".lock", ".tasks"))
    try:
        if not _take(own, patience=0) or not _take(tasks, _PATIENCE_SECONDS):
            holder = os.pread(own, 32, 0).decode()
            raise InputError(f"{run_dir} is in use by process {holder}; wait for it, or give another --run-dir.")
        os.truncate(own, 0)
        os.pwrite(own, str(os.getpid()).encode(), 0)
        yield tasks
    finally:
        os.close(own)
        os.close(tasks)


def _take(lock: int, patience: float) -> bool:
    deadline = time.monotonic() + patience
    while True:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
            return True
        except BlockingIOError:
            if time.monotonic() >= deadline:
                return False
            time.sleep(0.1)


def claim(run_dir: Path, identity: dict[str, Any]) -> Path | None:
    """Makes a run folder ready for a run: one that holds another run is moved aside, the same run is gone on with.

    Args:
        run_dir: may be missing, empty, or hold a run.
        identity: of the run, see `RunRecord`.

    Returns:
        Where the other run was moved to, if it was.

    Raises:
        InputError: the folder holds something that is no run.
    """
    moved = None
    if (run_dir / RECORD_FILE).exists():
        earlier = RunRecord.read(run_dir)
        if earlier.identity != identity:
            moved = _free_name(run_dir)
            run_dir.rename(moved)
        else:
            # Its steps' results are links into the work folder, and come back from there.
            for step in (*earlier.steps, "logs"):
                shutil.rmtree(run_dir / step, ignore_errors=True)
    elif run_dir.exists() and (not run_dir.is_dir() or any(run_dir.iterdir())):
        raise InputError(f"{run_dir} holds something that is not a run; give another --run-dir.")
    (run_dir / "logs").mkdir(parents=True, exist_ok=True)
    return moved


def _free_name(run_dir: Path) -> Path:
    number = 1
    while (name := run_dir.with_name(f"{run_dir.name}.previous-{number}")).exists():
        number += 1
    return name


def link_tree(source: Path, target: Path) -> None:
    """Shows a file or folder at a second place, without a second copy where the file system can do that."""
    target.parent.mkdir(parents=True, exist_ok=True)
    if source.is_dir():
        shutil.copytree(source, target, copy_function=_link, symlinks=True, dirs_exist_ok=True)
    else:
        _link(str(source), str(target))


def _link(source: str, target: str) -> None:
    Path(target).unlink(missing_ok=True)
    try:
        os.link(source, target)
    except OSError:
        shutil.copy2(source, target)


def size_of(path: Path) -> int:
    """Bytes of a file, or of all files of a folder."""
    if path.is_dir():
        return sum(file.stat().st_size for file in path.rglob("*") if file.is_file())
    return path.stat().st_size if path.exists() else 0
