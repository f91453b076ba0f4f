"""`make demo`: a graduation on real input, on this machine. `python -m graduate.pipelines.demo [tabular]`."""

import sys
from dataclasses import dataclass
from pathlib import Path

from ...components.data.items import Task
from ...components.errors import InputError
from ..cli import compile_pipeline
from ..lifeline import die_with_parent
from ..local_run import run
from ..run_record import State
from ..summary import read, sentences
from ..terminal import Terminal
from .found import compare_with_planted

FOLDER = Path("runs") / "demo"
LETTERS = Path(__file__).with_name("letters.weights.h5")
CRITICAL_RULE = "split_overlap"


@dataclass(frozen=True)
class Demo:
    """One demonstration.

    Attributes:
        task: of the pipeline.
        settings: pipeline parameters besides `dataset`.
    """

    task: Task
    settings: dict[str, str]

    def make_data(self, folder: Path) -> Path:
        """Writes the input, unless an earlier run has; returns the import file."""
        if self.task is Task.OBJECT_DETECTION:
            from .scenes import FILE, make_scenes

            return folder / FILE if (folder / FILE).exists() else make_scenes(folder)
        from .table import FILE, make_table

        return folder / FILE if (folder / FILE).exists() else make_table(folder)


DEMOS = {
    "": Demo(
        Task.OBJECT_DETECTION,
        {"target_value": "0.95", "train_steps": "200", "fine_tune_checkpoint": str(LETTERS)},
    ),
    "tabular": Demo(Task.TABULAR_CLASSIFICATION, {"label_column": "diagnosis", "target_value": "0.98"}),
}


def main() -> int:
    """Runs the demonstration that the command line names; returns the exit code."""
    name = sys.argv[1] if len(sys.argv) > 1 else ""
    if name not in DEMOS:
        raise InputError(f"no demo {name!r}: give nothing, or TASK=tabular")
    # Killing make must not leave a training behind that nobody sees.
    die_with_parent()
    demo, terminal = DEMOS[name], Terminal()
    folder = FOLDER / demo.task
    terminal.say("1. Real input: scikit-learn's data, with faults planted as real labelling brings them", "bold")
    import_file = demo.make_data(folder / "data")
    terminal.say(f"   {import_file}")
    terminal.say("2. Compile the pipeline, and run that very file: the gate stops at a critical fault", "bold")
    spec = folder / "graduation.yaml"
    compile_pipeline("graduation", task=demo.task, output=spec)
    settings = [f"{key}={value}" for key, value in {"dataset": str(import_file), **demo.settings}.items()]
    stopped = run(spec, folder / "1-stopped", settings, terminal)
    if stopped.state is not State.SUCCEEDED:
        return 1
    tell(stopped.folder, terminal)
    terminal.say(f"3. Go on with the rule {CRITICAL_RULE} accepted by name, as its user would", "bold")
    accepted = run(spec, folder / "2-accepted", [*settings, f"accept={CRITICAL_RULE}"], terminal)
    if accepted.state is not State.SUCCEEDED:
        return 1
    terminal.say("Summary", "bold")
    for line in compare_with_planted(folder / "data", accepted.folder):
        terminal.say(f"   {line}")
    tell(accepted.folder, terminal)
    return 0


def tell(run_dir: Path, terminal: Terminal) -> None:
    """Says what a run came to, and where its report is."""
    for sentence in sentences(read(run_dir)):
        terminal.say(f"   {sentence}")
    terminal.say(f"   Report: {run_dir / 'report.html'}")


if __name__ == "__main__":
    try:
        sys.exit(main())
    except InputError as error:
        sys.exit(f"error: {error}")
