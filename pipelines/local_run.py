"""Runs a compiled pipeline on this machine: `kfp.local`, made resumable, with logs, a record and a report."""

import logging
import os
import signal
import threading
import warnings
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, redirect_stdout
from pathlib import Path
from typing import Any

from ..components.errors import InputError
from . import summary
from .parameters import read_parameters, resolve
from .run_folder import claim, fingerprint, locked, shared_folder
from .run_record import RunRecord, State
from .spec import Spec, read_spec
from .spec_graph import read_steps
from .terminal import Terminal

PIPELINE_FILE = "pipeline.yaml"


def run(file: Path, run_dir: Path, settings: Sequence[str], terminal: Terminal) -> RunRecord:
    """Runs a compiled pipeline into a run folder.

    A folder that holds the same run (spec, parameters, input files) is gone on with; one that holds another run is
    moved aside.

    Args:
        file: what `graduate compile` wrote.
        run_dir: the run's folder; the folder around it holds what its runs share.
        settings: `name=value`.
        terminal: is told how the run gets on.

    Returns:
        The record of the ended run: succeeded, failed or interrupted.

    Raises:
        InputError: the file, a parameter or the folder cannot be used; nothing was started.
    """
    spec = read_spec(file)
    parameters = read_parameters(spec.inputs)
    values = resolve(parameters, settings)
    steps = read_steps(spec.document)
    inputs = {name: fingerprint(value) for name, value in values.items() if parameters[name].locates(value)}
    identity = {"spec": spec.digest, "parameters": values, "inputs": inputs}
    run_dir = Path(os.path.abspath(run_dir))
    with locked(run_dir) as lock:
        if moved := claim(run_dir, identity):
            terminal.say(f"{run_dir.name} held another run (other spec, parameters or data): it is now {moved.name}.")
        (run_dir / PIPELINE_FILE).write_bytes(spec.content)
        record = RunRecord.new(run_dir, spec.name, identity, steps.values())
        record.save()
        state, reason = _execute(spec, values, record, lock, terminal)
        record.close(state, reason, steps)
        write_report(run_dir)
    return record


def write_report(run_dir: Path) -> Path:
    """Writes summary.json and report.html of a run folder.

    Returns:
        The report's path.

    Raises:
        InputError: the folder holds no run.
    """
    try:
        record = RunRecord.read(run_dir)
    except FileNotFoundError:
        raise InputError(f"{run_dir} holds no run; give the --run-dir of a run.") from None
    summary.write(record)
    # Its images and metrics take libraries that a run need not wait for before its first step.
    from . import report

    return report.write(record, read_steps(read_spec(run_dir / PIPELINE_FILE).document))


def _execute(spec: Spec, values: dict[str, Any], record: RunRecord, lock: int, terminal: Terminal) -> tuple[State, str]:
    """Runs the pipeline to its end; returns the run's state and, unless it succeeded, the reason."""
    shared = shared_folder(record.folder, record.identity["inputs"].values())
    with _kfp_in_a_log(record.folder / "logs" / "kfp.log"), _termination_as_interrupt():
        try:
            _run_pipeline(spec, values, record, lock, terminal, shared)
        except KeyboardInterrupt:
            return State.INTERRUPTED, "The run was interrupted."
        except RuntimeError as error:  # KFP's way to say that a task failed
            failed = (step for step in record.steps.values() if step.state is State.FAILED)
            return State.FAILED, next((f"{step.display_name}: {step.reason}" for step in failed), str(error))
    return State.SUCCEEDED, ""


def _run_pipeline(
    spec: Spec, values: dict[str, Any], record: RunRecord, lock: int, terminal: Terminal, shared: Path
) -> None:
    # KFP takes a second to import, and nothing but this needs it.
    from kfp import components, local

    from .step_runner import StepRunner

    local.init(
        runner=local.SubprocessRunner(use_venv=False),
        pipeline_root=str(shared / "work"),
        workspace_root=str(shared / "workspace"),
        enable_caching=True,
        cache_root=str(shared / "cache"),
    )
    with StepRunner(record, lock, terminal).installed():
        components.load_component_from_text(spec.content.decode())(**values)


@contextmanager
def _kfp_in_a_log(path: Path) -> Iterator[None]:
    """Keeps KFP's own words off the terminal: the run says the same in its own."""
    with path.open("a", encoding="utf-8") as log, redirect_stdout(log), warnings.catch_warnings():
        warnings.simplefilter("ignore")
        handler = logging.StreamHandler(log)
        logging.getLogger().addHandler(handler)
        try:
            yield
        finally:
            logging.getLogger().removeHandler(handler)


@contextmanager
def _termination_as_interrupt() -> Iterator[None]:
    """Has SIGTERM end the run as Ctrl-C does."""
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    earlier = signal.signal(signal.SIGTERM, signal.default_int_handler)
    try:
        yield
    finally:
        signal.signal(signal.SIGTERM, earlier)
