"""The graduation: from a data set to a model that is predicted with, on whichever way the evidence points."""

# A component is called without its outputs and gives a task, which the decorator's type does not say.
# pyright: reportCallIssue=false

from collections.abc import Mapping
from typing import Any, cast

from kfp import dsl
from kfp.dsl.base_component import BaseComponent

from ..components.automl_baseline.component import (
    automl_baseline_autogluon,
    automl_baseline_images,
    automl_baseline_tables,
)
from ..components.automl_baseline.train import AUTOGLUON_TASKS
from ..components.batch_predict.component import batch_predict
from ..components.data.items import Task
from ..components.data_quality_gate.component import data_quality_gate
from ..components.data_quality_gate.standing import DEPLOY_ABOVE, FIX_BELOW
from ..components.errors import InputError
from ..components.evaluate.component import evaluate
from ..components.fine_tune.component import fine_tune
from ..components.import_dataset.component import import_dataset
from ..components.onnx_convert.choices import BUDGET, OPSET
from ..components.onnx_convert.component import onnx_convert
from ..components.report_status.component import report_status
from ..components.stop_with_evidence.component import stop_with_evidence
from .graduation_parameters import describe_parameters
from .task_settings import LARGE, SMALL, Machine, settle

WITH_GPU = Machine(cpu="8", memory="32Gi", accelerator="NVIDIA_TESLA_T4")


# For the others there is no custom model yet: what is not to be mended is shipped, whatever the gate advises.
TRAINABLE = (
    Task.OBJECT_DETECTION,
    Task.IMAGE_CLASSIFICATION,
    Task.TABULAR_CLASSIFICATION,
    Task.TABULAR_REGRESSION,
)


def graduation(task: Task, autogluon: bool = False) -> BaseComponent:
    """The pipeline for one task: tasks differ in images, in the accelerator, and in whether there is a custom model.

    Args:
        task: what the models are to learn.
        autogluon: whether the baseline, of a table, has AutoGluon in its image.

    Raises:
        InputError: AutoGluon is asked for, and the task is not for it.
    """
    if autogluon and task not in AUTOGLUON_TASKS:
        raise InputError(f"AutoGluon is for tables, not for {task}: leave --autogluon out.")
    automl_baseline = automl_baseline_images if task.is_image else automl_baseline_tables
    if autogluon:
        automl_baseline = automl_baseline_autogluon
    trainer = WITH_GPU if task.is_image else LARGE

    def pipeline(
        dataset: str,
        label_column: str = "",
        group_column: str = "",
        time_column: str = "",
        series_column: str = "",
        horizon: int = 0,
        target_metric: str = "",
        target_value: float = 0.0,
        judge_by: str = "skill",
        fix_below: float = FIX_BELOW,
        deploy_above: float = DEPLOY_ABOVE,
        reference: str = "",
        engine: str = "local",
        accept: str = "",
        decision: str = "auto",
        baseline_effort: str = "autogluon" if autogluon else "fast",
        baseline_time_limit: int = 0,
        vertex_project: str = "",
        vertex_location: str = "us-central1",
        vertex_staging: str = "",
        vertex_budget_milli_node_hours: int = 0,
        vertex_model_type: str = "",
        vertex_network: str = "",
        vertex_encryption_key: str = "",
        vertex_service_account: str = "",
        vertex_labels: str = "",
        vertex_export_formats: str = "",
        vertex_export_image: str = "",
        vertex_disable_early_stopping: bool = False,
        train_steps: int = 0,
        fine_tune_checkpoint: str = "",
        fine_tune_config: str = "",
        fine_tune_architecture: str = "",
        fine_tune_module: str = "",
        checkpoint_dir: str = "",
        onnx_opset: int = OPSET,
        onnx_precision: str = "fp32",
        onnx_budget: float = BUDGET,
        onnx_forms: str = "",
        seed: int = 0,
    ):
        onnx = {"opset": onnx_opset, "precision": onnx_precision, "budget": onnx_budget, "forms": onnx_forms}
        exit_task = settle(report_status(), "Report the final status", SMALL, cached=False)
        with dsl.ExitHandler(exit_task, name="graduation"):
            data = import_dataset(
                source=dataset,
                task=str(task),
                label_column=label_column,
                group_column=group_column,
                time_column=time_column,
                series_column=series_column,
                horizon=horizon,
            )
            settle(data, "Import the data", LARGE)
            imported = data.outputs["dataset"]

            baseline = automl_baseline(
                dataset=imported,
                engine=engine,
                effort=baseline_effort,
                time_limit=baseline_time_limit,
                checkpoint=fine_tune_checkpoint,
                seed=seed,
                vertex_project=vertex_project,
                vertex_location=vertex_location,
                vertex_staging=vertex_staging,
                vertex_budget_milli_node_hours=vertex_budget_milli_node_hours,
                vertex_model_type=vertex_model_type,
                vertex_network=vertex_network,
                vertex_encryption_key=vertex_encryption_key,
                vertex_service_account=vertex_service_account,
                vertex_labels=vertex_labels,
                vertex_export_formats=vertex_export_formats,
                vertex_export_image=vertex_export_image,
                vertex_disable_early_stopping=vertex_disable_early_stopping,
            )
            settle(baseline, "Train the AutoML baseline", LARGE)

            gate = data_quality_gate(
                dataset=imported,
                baseline=baseline.outputs["model"],
                target_metric=target_metric,
                target_value=target_value,
                judge_by=judge_by,
                fix_below=fix_below,
                deploy_above=deploy_above,
                reference=reference,
                accept=accept,
                decision=decision,
                seed=seed,
            )
            settle(gate, "Judge the data and the baseline", LARGE)

            with dsl.If(gate.outputs["decision"] == "fix_data", name="fix the data"):
                stop = stop_with_evidence(verdict=gate.outputs["verdict"], decision=gate.outputs["decision"])
                settle(stop, "Stop: list what to fix", SMALL)

            if task in TRAINABLE:
                with dsl.Elif(gate.outputs["decision"] == "graduate", name="graduate"):
                    custom = fine_tune(
                        dataset=imported,
                        baseline=baseline.outputs["model"],
                        config=fine_tune_config,
                        architecture=fine_tune_architecture,
                        train_steps=train_steps,
                        fine_tune_checkpoint=fine_tune_checkpoint,
                        module=fine_tune_module,
                        checkpoint_dir=checkpoint_dir,
                        seed=seed,
                    )
                    settle(custom, "Fine-tune the custom model", trainer)
                    comparison = evaluate(
                        dataset=imported, baseline=baseline.outputs["model"], custom=custom.outputs["model"], seed=seed
                    )
                    settle(comparison, "Compare it with the baseline", SMALL)
                    convert_and_predict(imported, custom, "custom model", onnx, after=comparison)

            # What Vertex AI has trained is deployed by being in its registry.
            is_ours = baseline.outputs["runtime"] == "onnx"
            with dsl.Else(name="deploy the baseline"), dsl.If(is_ours, name="as ONNX"):
                convert_and_predict(imported, baseline, "baseline", onnx)

    pipeline.__doc__ = describe_parameters(task, task in TRAINABLE)
    decorate = dsl.pipeline(
        name=f"graduation-{task.replace('_', '-')}",
        display_name=f"Graduation: {task.replace('_', ' ')}",
        description="Import, AutoML baseline and data-quality gate; then fix the data, graduate, or ship the baseline.",
    )
    # The decorator makes a component of the function, whatever its type says.
    return cast(BaseComponent, decorate(pipeline))


def convert_and_predict(
    imported: dsl.Dataset,
    trained: dsl.PipelineTask,
    name: str,
    onnx: Mapping[str, Any],
    after: dsl.PipelineTask | None = None,
) -> None:
    """The end of both ways to a model: a proven ONNX file, and predictions with it."""
    converted = onnx_convert(
        source=trained.outputs["model"],
        dataset=imported,
        opset=onnx["opset"],
        precision=onnx["precision"],
        budget=onnx["budget"],
        forms=onnx["forms"],
    )
    if after:
        converted.after(after)
    settle(converted, f"Convert the {name} to ONNX", LARGE)
    predicted = batch_predict(model=converted.outputs["model"], dataset=imported)
    settle(predicted, f"Predict with the {name}", SMALL)
