"""Searches the levers of fine-tuning by trainings that are judged on the validation split."""

import shutil
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from ...data import storage
from ...errors import InputError
from ..loop.state import held
from ..train import levers_of
from .results import CONFIG_FILE, write_results
from .search import Search, make_search
from .study import Study, Suggestion, Tried
from .trial import train_trial


def tune(
    dataset: str | Path,
    output: str | Path,
    page: str | Path,
    baseline: str | Path = "",
    config: str = "",
    architecture: str = "",
    train_steps: int = 0,
    fine_tune_checkpoint: str = "",
    module: str = "",
    trials: int = 10,
    search_space: str = "",
    engine: str = "local",
    time_limit: int = 0,
    seed: int = 0,
    study_dir: str = "",
    vertex_project: str = "",
    vertex_location: str = "us-central1",
) -> Path:
    """Searches for the best levers of fine-tuning, by trainings that never see the test split.

    Args:
        dataset: folder of the dataset artifact.
        output: folder to write: config.yaml, which `fine_tune` takes as `config`, and trials.json, a leaderboard.
        page: HTML page to write.
        baseline: model folder of the baseline, whose hyperparameters are tried first.
        config: levers that all trials have in common, see `fine_tune`; the search starts from their values.
        architecture: see `fine_tune`.
        train_steps: batches that each trial learns from; 0 for the levers' or the task's own.
        fine_tune_checkpoint: see `fine_tune`.
        module: see `fine_tune`; a metric of its own that the best weights are chosen by judges the trials too.
        trials: how many, failed ones included.
        search_space: path or gs:// URI of YAML, see docs/fine-tuning.md; "" for the task's own.
        engine: what suggests the trials: `local`, Optuna on this machine, or `vertex`, Vertex AI Vizier. They are
            trained here.
        time_limit: seconds after which no other trial is begun; 0 for none.
        seed: of the search and of the trainings; 0 for the levers' own.
        study_dir: folder that is the same after a restart, or with the engine `vertex` a gs:// URI, where the search is
            kept so that it can be gone on with; "" for none.
        vertex_project: Google Cloud project of the engine `vertex`.
        vertex_location: its region.

    Returns:
        The path of config.yaml.

    Raises:
        InputError: the data or the settings cannot be used, or every trial failed.
        FinalError: there is nothing to validate on, or the service refuses the study.
    """
    _check(trials, train_steps, engine, time_limit, study_dir, vertex_project)
    given = {
        "architecture": architecture,
        "fine_tune_checkpoint": fine_tune_checkpoint,
        "module": module,
        "seed": seed,
    }
    levers, _ = levers_of(config, given)
    of_trials = levers.with_values(num_steps=train_steps) if train_steps else levers
    search = make_search(dataset, baseline, of_trials, search_space)
    with _kept(study_dir) as place:
        study = _study(search, engine, place, vertex_project, vertex_location)
        ended = _run(search, study, trials, time_limit, place)
    write_results(search, ended, levers, Path(output), Path(page))
    return Path(output) / CONFIG_FILE


def _check(trials: int, steps: int, engine: str, time_limit: int, study_dir: str, project: str) -> None:
    if trials < 1:
        raise InputError(f"trials is {trials}: give a positive number")
    for name, value in (("train_steps", steps), ("time_limit", time_limit)):
        if value < 0:
            raise InputError(f"{name} is {value}: give a positive number, or 0 for none")
    if engine not in ("local", "vertex"):
        raise InputError(f"engine is {engine!r}: use local or vertex")
    if engine == "vertex" and not project:
        raise InputError("engine is vertex, which needs vertex_project, the Google Cloud project of the study")
    if engine == "local" and storage.is_remote(study_dir):
        raise InputError(f"study_dir is {study_dir}, but the engine local keeps its study in a folder of this machine")


@contextmanager
def _kept(study_dir: str) -> Iterator[str]:
    """The study's folder, held for this process, or a temporary one."""
    if study_dir:
        with held(study_dir):
            yield study_dir
        return
    with tempfile.TemporaryDirectory() as folder:
        yield folder


def _study(search: Search, engine: str, place: str, project: str, location: str) -> Study:
    """An engine is imported when it is used: Google's SDK alone takes seconds."""
    if engine == "vertex":
        from .vizier_study import VizierStudy

        return VizierStudy(search, project, location)
    from .optuna_study import OptunaStudy

    return OptunaStudy(Path(place), search)


def _run(search: Search, study: Study, trials: int, time_limit: int, place: str) -> list[Tried]:
    """Tries until there are enough."""
    started = time.monotonic()
    while len(ended := study.tried()) < trials:
        if time_limit and ended and time.monotonic() - started > time_limit:
            print(f"The time is up after {len(ended)} of {trials} trials.", flush=True)
            break
        if (suggestion := study.suggest()) is None:
            print("The search space holds nothing else to try.", flush=True)
            break
        print(f"Trial {len(ended) + 1} of {trials}: {suggestion.values}", flush=True)
        trial = _tried(search, suggestion, storage.join(place, f"{search.name}-{suggestion.number}"))
        print(f"  {trial.reason or f'{search.objective.metric} {trial.value:.5g}'}", flush=True)
        study.complete(trial)
    return ended


def _tried(search: Search, suggestion: Suggestion, place: str) -> Tried:
    """Trains; a training that fails, as for a loss that is not a number any more, says something of its levers."""
    started, value, reason = time.process_time(), None, ""
    try:
        levers = search.levers.with_values(**suggestion.values)
        value = train_trial(search.dataset, search.baseline, levers, search.objective, place)
    except InputError as error:
        reason = str(error)
    if not storage.is_remote(place):
        shutil.rmtree(place, ignore_errors=True)
    return Tried(suggestion.number, suggestion.values, value, round(time.process_time() - started, 1), reason)
