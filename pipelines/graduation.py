"""The graduation: from a data set to a model that is predicted with, on whichever way the evidence points."""

# A component is called without its outputs and gives a task, which the decorator's type does not say.
# pyright: reportCallIssue=false

from typing import cast

from kfp import dsl
from kfp.dsl.base_component import BaseComponent

from ..components.automl_baseline.component import automl_baseline_images, automl_baseline_tables
from ..components.batch_predict.component import batch_predict
from ..components.data.items import Task
from ..components.data_quality_gate.component import data_quality_gate
from ..components.evaluate.component import evaluate
from ..components.fine_tune.component import fine_tune
from ..components.import_dataset.component import import_dataset
from ..components.onnx_convert.component import onnx_convert
from ..components.report_status.component import report_status
from ..components.stop_with_evidence.component import stop_with_evidence
from .graduation_parameters import describe_parameters
from .task_settings import Machine, settle

SMALL, LARGE = Machine(cpu="2", memory="8Gi"), Machine(cpu="8", memory="32Gi")
WITH_GPU = Machine(cpu="8", memory="32Gi", accelerator="NVIDIA_TESLA_T4")


def graduation(task: Task) -> BaseComponent:
    """The pipeline for one task; what differs between tasks is the image of the baseline and the accelerator."""
    automl_baseline = automl_baseline_images if task.is_image else automl_baseline_tables
    trainer = WITH_GPU if task.is_image else LARGE

    def pipeline(
        dataset: str,
        label_column: str = "",
        group_column: str = "",
        target_metric: str = "",
        target_value: float = 0.0,
        engine: str = "local",
        accept: str = "",
        decision: str = "auto",
        baseline_effort: str = "fast",
        train_steps: int = 0,
        fine_tune_checkpoint: str = "",
        seed: int = 0,
    ):
        exit_task = settle(report_status(), "Report the final status", SMALL, cached=False)
        with dsl.ExitHandler(exit_task, name="graduation"):
            data = import_dataset(source=dataset, task=str(task), label_column=label_column, group_column=group_column)
            settle(data, "Import the data", LARGE)
            imported = data.outputs["dataset"]

            baseline = automl_baseline(
                dataset=imported, engine=engine, effort=baseline_effort, checkpoint=fine_tune_checkpoint, seed=seed
            )
            settle(baseline, "Train the AutoML baseline", LARGE)

            gate = data_quality_gate(
                dataset=imported,
                baseline=baseline.outputs["model"],
                target_metric=target_metric,
                target_value=target_value,
                accept=accept,
                decision=decision,
            )
            settle(gate, "Judge the data and the baseline", LARGE)

            with dsl.If(gate.outputs["decision"] == "fix_data", name="fix the data"):
                stop = stop_with_evidence(verdict=gate.outputs["verdict"], decision=gate.outputs["decision"])
                settle(stop, "Stop: list what to fix", SMALL)

            with dsl.Elif(gate.outputs["decision"] == "graduate", name="graduate"):
                custom = fine_tune(
                    dataset=imported,
                    baseline=baseline.outputs["model"],
                    train_steps=train_steps,
                    fine_tune_checkpoint=fine_tune_checkpoint,
                    seed=seed,
                )
                settle(custom, "Fine-tune the custom model", trainer)
                comparison = evaluate(
                    dataset=imported, baseline=baseline.outputs["model"], custom=custom.outputs["model"], seed=seed
                )
                settle(comparison, "Compare it with the baseline", SMALL)
                convert_and_predict(imported, custom, "custom model", after=comparison)

            with dsl.Else(name="deploy the baseline"):
                convert_and_predict(imported, baseline, "baseline", after=gate)

    pipeline.__doc__ = describe_parameters(task)
    decorate = dsl.pipeline(
        name=f"graduation-{task.replace('_', '-')}",
        display_name=f"Graduation: {task.replace('_', ' ')}",
        description="Import, AutoML baseline and data-quality gate; then fix the data, graduate, or ship the baseline.",
    )
    # The decorator makes a component of the function, whatever its type says.
    return cast(BaseComponent, decorate(pipeline))


def convert_and_predict(imported: dsl.Dataset, trained: dsl.PipelineTask, name: str, after: dsl.PipelineTask) -> None:
    """The end of both ways to a model: a proven ONNX file, and predictions with it."""
    converted = onnx_convert(source=trained.outputs["model"], dataset=imported).after(after)
    settle(converted, f"Convert the {name} to ONNX", LARGE)
    predicted = batch_predict(model=converted.outputs["model"], dataset=imported)
    settle(predicted, f"Predict with the {name}", SMALL)
