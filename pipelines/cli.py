"""The `graduate` command.

What a command needs is imported when it runs, so that help and mistakes are answered at once.
"""

import sys
from pathlib import Path
from typing import Annotated, Literal

from cyclopts import App, Parameter

from ..components.data.items import Task
from ..components.errors import BAD_INPUT_EXIT_CODE, FinalError, InputError

# Each component's plain function, which runs without a pipeline.
ROOMS = {
    "import_dataset": ("import_dataset.read:read_dataset", "Read a data set and mark what is wrong with its items."),
    "automl_baseline": ("automl_baseline.train:train_baseline", "Train a baseline without any choices to make."),
    "data_quality_gate": ("data_quality_gate.judge:judge", "Decide whether to fix the data, graduate, or deploy."),
    "fine_tune": ("fine_tune.train:fine_tune", "Fine-tune a model of your own."),
    "tune": ("fine_tune.tuning.tune:tune", "Search for the best levers of fine-tuning."),
    "evaluate": ("evaluate.compare:compare", "Compare the custom model with the baseline on the test split."),
    "onnx_convert": ("onnx_convert.convert:convert", "Convert a model to ONNX and prove that it predicts the same."),
    "build_ensemble": ("build_ensemble.build:build_ensemble", "Put several ONNX models together as one."),
    "batch_predict": ("batch_predict.predict:predict", "Predict many records, each exactly once."),
}

_INTERRUPTED_EXIT_CODE = 130

app = App(
    name="graduate", help="Start on AutoML. Graduate to your own model when it pays, with evidence at every step."
)
component = App(
    name="component",
    help="Run one component without a pipeline; `graduate component NAME --help` shows its options.",
    result_action="return_value",
)
app.command(component)
for name, (room, help_text) in ROOMS.items():
    # Under its name in a pipeline, and as commands are usually spelled.
    spellings = dict.fromkeys((name.replace("_", "-"), name))
    component.command(f"graduate.components.{room}", name=spellings, help=help_text)

app.command("graduate.pipelines.gate:gate", help="Judge a data set on this machine, without a pipeline.")
app.command(
    "graduate.pipelines.inspect_model:inspect_model",
    name="inspect",
    help="Show a model's signatures, labels, preprocessing and lineage.",
)
app.command("graduate.pipelines.prepare:prepare", help="Write images as prediction services take them.")
app.command(
    "graduate.pipelines.predict_local:predict",
    name="predict",
    help="Predict two or three instances as the server would, to check a model before deploying.",
)
app.command("graduate.pipelines.draw:draw", help="Draw boxes and labels on the images, from any result file.")
app.command("graduate.pipelines.serve:serve", help="Serve a model on this machine, as its container does in the cloud.")
app.command(
    "graduate.pipelines.serve:export_serving",
    name="export-serving",
    help="Write what KServe and Triton serve a model from.",
)
app.command("graduate.pipelines.cloud:submit", help="Submit a compiled pipeline to Vertex AI Pipelines.")
app.command(
    "graduate.pipelines.cloud:schedule",
    help="Run a compiled pipeline on Vertex AI by a schedule. Nothing is cached: data may change under the same URI.",
)


@app.command(name="compile")
def compile_pipeline(
    pipeline: Literal["graduation", "batch_prediction"],
    *,
    output: Annotated[Path, Parameter(alias="-o")],
    task: Task | None = None,
    autogluon: Annotated[bool, Parameter(negative=())] = False,
) -> None:
    """Compile a pipeline to the YAML that runs everywhere.

    Args:
        pipeline: which pipeline.
        output: the file to write, NAME.yaml.
        task: of a graduation, what the models are to learn.
        autogluon: give the baseline of a table the image with AutoGluon, for baseline_effort=autogluon.
    """
    if output.suffix != ".yaml":
        raise InputError(f"{output} must end in .yaml: give -o NAME.yaml.")
    if (pipeline == "graduation") != (task is not None):
        raise InputError("A graduation is compiled for one task: give --task, and to no other pipeline.")

    from kfp.compiler import Compiler

    from ..components.data.storage import write_atomically
    from .batch_prediction import batch_prediction
    from .graduation import graduation

    with write_atomically(output) as aside:
        Compiler().compile(graduation(task, autogluon) if task else batch_prediction(), str(aside))
    print(f"Compiled to {output}.")


@app.command
def run(
    file: Path,
    *,
    run_dir: Path,
    settings: Annotated[
        tuple[str, ...], Parameter(name="--set", consume_multiple=True, negative=(), show_default=False)
    ] = (),
) -> int:
    """Run a compiled pipeline on this machine.

    Args:
        file: the compiled pipeline.
        run_dir: where its results go. A folder with the same run, failed or killed, is gone on with; one with another
            run is moved aside. The folder around it keeps, in .graduate, what its runs share: deleting that costs
            nothing but time.
        settings: pipeline parameters, as name=value.
    """
    from . import local_run, summary
    from .run_record import State
    from .terminal import Terminal

    record = local_run.run(file, run_dir, settings, Terminal())
    print("", *summary.sentences(summary.read(record.folder)), f"Report: {record.folder / 'report.html'}", sep="\n")
    if record.state is State.INTERRUPTED:
        return _INTERRUPTED_EXIT_CODE
    return 0 if record.state is State.SUCCEEDED else 1


@app.command
def report(run_dir: Path) -> None:
    """Write summary.json and report.html of a run again, from its results.

    Args:
        run_dir: the run's folder.
    """
    from .local_run import write_report

    print(f"Report: {write_report(run_dir)}")


def main() -> None:
    """Entry point: what the user can mend is said in one sentence, with exit code 65."""
    try:
        app(sys.argv[1:])
    except FinalError as error:
        print(f"error: {error}", file=sys.stderr)
        sys.exit(BAD_INPUT_EXIT_CODE)


if __name__ == "__main__":
    main()
