"""The folder that a conversion writes: what is proven, and apart from it what is not."""

import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

from ..errors import InputError
from .certificate import NAME, Certificate
from .forms.files import FILES
from .source import Source
from .triton import write_repository

# All that an output folder may hold.
_WRITTEN = {"model.json", "model.onnx", "page.html", NAME, "predictions", "triton", "unproven", *FILES}


def check_output(source: Path, output: Path) -> None:
    """Whether nothing but an earlier conversion would be replaced."""
    if source.is_relative_to(output) or output.is_relative_to(source):
        raise InputError(f"the output {output} and the model {source} lie in one another: give another output")
    nearest = next(each for each in (output, *output.parents) if each.exists())
    if not nearest.is_dir():
        raise InputError(f"{nearest} is a file, so {output} cannot be a folder: give another output")
    others = sorted(each.name for each in output.iterdir() if each.name not in _WRITTEN) if output.exists() else []
    if others:
        raise InputError(f"{output} holds {others[0]!r}, which no conversion has written: give a new folder")


@contextmanager
def unproven(output: Path) -> Iterator[Path]:
    """A folder for what is not proven yet; what an earlier conversion has proven stays until this one is done."""
    trial = output / "unproven"
    shutil.rmtree(trial, ignore_errors=True)
    trial.mkdir(parents=True)
    try:
        yield trial
    finally:
        if not any(trial.iterdir()):
            trial.rmdir()


def clear(output: Path) -> None:
    """Takes away what an earlier conversion has left, its description first."""
    for name in ("model.json", "model.onnx", "page.html", NAME, *FILES):
        (output / name).unlink(missing_ok=True)
    for name in ("predictions", "triton"):
        shutil.rmtree(output / name, ignore_errors=True)


def accept(proof: Certificate, source: Source, trial: Path, output: Path) -> None:
    """Makes the proven file the model of the output folder, with what later steps read of the source."""
    for name in ("model.onnx", *(name for form in proof.forms if form.accepted for name in form.files)):
        if (trial / name).exists():  # two forms may be one file
            (trial / name).replace(output / name)
    labels = source.folder.labels if source.folder else []
    write_repository(output / "model.onnx", output / "triton", labels)
    if source.folder:
        proven = replace(source.folder, path=output)
        if source.recorded and source.recorded.is_file():
            proven.predictions("test").parent.mkdir(exist_ok=True)
            shutil.copyfile(source.recorded, proven.predictions("test"))
        proven.save()
    (trial / "model.pb").unlink(missing_ok=True)
