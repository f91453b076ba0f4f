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
from .task_settings import Machine, settle

SMALL, LARGE = Machine(cpu="2", memory="8Gi"), Machine(cpu="8", memory="32Gi")
WITH_GPU = Machine(cpu="8", memory="32Gi", accelerator="NVIDIA_TESLA_T4")


def graduation(task: Task) -> BaseComponent:
    """The pipeline for one task; what differs between tasks is the image of the baseline and the accelerator."""
    automl_baseline = automl_baseline_images if task.is_image else automl_baseline_tables
    trainer = WITH_GPU if task.is_image else LARGE

    @dsl.pipeline(
        name=f"graduation-{task.replace('_', '-')}",
        display_name=f"Graduation: {task.replace('_', ' ')}",
        description="Import, AutoML baseline and data-quality gate; then fix the data, graduate, or ship the baseline.",
    )
    def pipeline(
        dataset: str,
        label_column: str = "",
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
        """Graduates from an AutoML baseline to a custom model when the evidence says so.

        Args:
            dataset: A location: the import file, table or folder of labelled data.
            label_column: Of a table, the column to predict.
            target_metric: What models are judged by; empty for ap50, accuracy or rmse, as the task has it. One of: ap,
                ap50, ap75, accuracy, log_loss, macro_f1, roc_auc, rmse, mae, r2.
            target_value: The value of the metric that is good enough; 0 for its best value.
            engine: Where the baseline is trained. One of: local, vertex.
            accept: Rules of the gate whose critical findings are accepted, separated by commas. Any of:
                undecodable_image, unreadable_file, too_large, bad_row, bad_annotation, no_annotation, not_listed,
                crowd, rejected_record, label_missing, type_break, box_order, box_degenerate, box_out_of_range,
                box_empty_label, duplicate, near_duplicate, split_overlap, too_few_per_label, class_imbalance,
                wrong_label, missing_box.
            decision: What to do after the gate; auto leaves it to the evidence. One of: auto, fix_data, graduate,
                deploy_baseline.
            baseline_effort: How long the baseline searches. One of: fast, standard.
            train_steps: Batches that fine-tuning learns from; 0 for the task's own.
            fine_tune_checkpoint: Pretrained weights for images: A location, or imagenet; empty for none.
            seed: Of everything random.
        """
        with dsl.ExitHandler(
            settle(report_status(), "Report the final status", SMALL, cached=False), name="graduation"
        ):
            data = settle(
                import_dataset(source=dataset, task=str(task), label_column=label_column), "Import the data", LARGE
            )
            baseline = settle(
                automl_baseline(
                    dataset=data.outputs["dataset"],
                    engine=engine,
                    effort=baseline_effort,
                    checkpoint=fine_tune_checkpoint,
                    seed=seed,
                ),
                "Train the AutoML baseline",
                LARGE,
            )
            gate = settle(
                data_quality_gate(
                    dataset=data.outputs["dataset"],
                    baseline=baseline.outputs["model"],
                    target_metric=target_metric,
                    target_value=target_value,
                    accept=accept,
                    decision=decision,
                ),
                "Judge the data and the baseline",
                LARGE,
            )
            with dsl.If(gate.outputs["decision"] == "fix_data", name="fix the data"):
                stop = stop_with_evidence(verdict=gate.outputs["verdict"], decision=gate.outputs["decision"])
                settle(stop, "Stop: list what to fix", SMALL)
            with dsl.Elif(gate.outputs["decision"] == "graduate", name="graduate"):
                custom = settle(
                    fine_tune(
                        dataset=data.outputs["dataset"],
                        baseline=baseline.outputs["model"],
                        train_steps=train_steps,
                        fine_tune_checkpoint=fine_tune_checkpoint,
                        seed=seed,
                    ),
                    "Fine-tune the custom model",
                    trainer,
                )
                comparison = settle(
                    evaluate(
                        dataset=data.outputs["dataset"],
                        baseline=baseline.outputs["model"],
                        custom=custom.outputs["model"],
                        seed=seed,
                    ),
                    "Compare it with the baseline",
                    SMALL,
                )
                convert_and_predict(data, custom, "custom model", after=comparison)
            with dsl.Else(name="deploy the baseline"):
                convert_and_predict(data, baseline, "baseline", after=gate)

    # The decorator makes a component of the function, whatever its type says.
    return cast(BaseComponent, pipeline)


def convert_and_predict(data: dsl.PipelineTask, trained: dsl.PipelineTask, name: str, after: dsl.PipelineTask) -> None:
    """The end of both ways to a model: a proven ONNX file, and predictions with it."""
    converted = onnx_convert(source=trained.outputs["model"], dataset=data.outputs["dataset"]).after(after)
    settle(converted, f"Convert the {name} to ONNX", LARGE)
    predicted = batch_predict(model=converted.outputs["model"], dataset=data.outputs["dataset"])
    settle(predicted, f"Predict with the {name}", SMALL)
