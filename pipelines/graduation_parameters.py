"""What the graduation's parameters mean: the docstring that KFP puts into the spec, in the words of `parameters`."""

from typing import get_args

from ..components.automl_baseline.train import EFFORTS, ENGINES
from ..components.data.items import Task
from ..components.data_quality_gate.rules import RULES
from ..components.data_quality_gate.standing import Measure
from ..components.data_quality_gate.verdict import Decision
from ..components.models.metrics import DEFAULT_METRIC, METRICS
from ..components.onnx_convert.choices import OPSETS, Form, Precision


def _usual(task: Task) -> str:
    several = ", or map where images have several labels" if task is Task.IMAGE_CLASSIFICATION else ""
    return f"{DEFAULT_METRIC[task]}{several}"


def describe_parameters(task: Task, can_graduate: bool) -> str:
    """The pipeline's docstring for a task, with the choices that the components know."""
    decisions = ["auto", *(each for each in get_args(Decision) if can_graduate or each != "graduate")]
    return f"""Graduates from an AutoML baseline to a custom model when the evidence says so.

    Args:
        dataset: A location: the import file, table or folder of labelled data.
        label_column: Of a table, the column to predict.
        group_column: Of a table, a column whose equal values shall not fall in two splits.
        time_column: Of a forecast, the column of dates.
        series_column: Of a forecast, the column that names the series; empty where there is one.
        horizon: Of a forecast, how many periods ahead. Between 0 and 10000.
        target_metric: What models are judged by; empty for {_usual(task)}. One of: {", ".join(METRICS[task])}.
        target_value: The value of the metric that is good enough; 0 where nobody knows.
        judge_by: What the share is of: skill from guessing to the target, or the ratio of metric and target. One of:
            {", ".join(get_args(Measure))}.
        fix_below: Share of the target under which the data are to be mended. Between 0 and 1.
        deploy_above: Share of the target above which the baseline may be shipped. Between 0 and 1.
        reference: profile.json of an earlier verdict, to hold a table against. A location; empty for none.
        engine: Where the baseline is trained. One of: {", ".join(ENGINES)}.
        accept: Rules of the gate whose critical findings are accepted, separated by commas. Any of: {", ".join(RULES)}.
        decision: What to do after the gate, auto by the evidence. One of: {", ".join(decisions)}.
        baseline_effort: How much the local baseline tries. One of: {", ".join(EFFORTS)}.
        baseline_time_limit: A ceiling on top of that in seconds, looked at between trials; 0 for none. Between 0 and
            1000000.
        vertex_project: Google Cloud project that the engine vertex trains in.
        vertex_location: Its region.
        vertex_staging: A gs:// location to write to, for the data and the exports of the engine vertex.
        vertex_budget_milli_node_hours: What its training may spend; 0 for the least that the service takes. Between 0
            and 900000.
        vertex_model_type: Type of an image model, as the service names it; empty for its default.
        vertex_network: Full name of the VPC network.
        vertex_encryption_key: Resource name of the customer-managed key.
        vertex_service_account: Account that its jobs run as.
        vertex_labels: Labels of all that it makes, as key=value,key=value.
        vertex_export_formats: Formats to export the model in, separated by commas; empty for all that it offers.
        vertex_export_image: Address in Artifact Registry for a model that is offered as a container image.
        vertex_disable_early_stopping: Whether to spend the whole budget even when the model no longer gets better.
        train_steps: Batches that fine-tuning learns from; 0 for the task's own. Between 0 and 10000000.
        fine_tune_checkpoint: Pretrained weights for images. A location, or imagenet; empty for none.
        fine_tune_config: Levers of fine-tuning, a YAML file or pipeline.config. A location; empty for the defaults.
        fine_tune_architecture: Network to train; empty for that of the levers or the checkpoint.
        fine_tune_module: The team's own Python file of losses, heads or metrics. A location; empty for none.
        checkpoint_dir: Where fine-tuning is saved to be gone on with, an absolute path or gs:// URI; empty for the
            environment's.
        onnx_opset: Version of the ONNX operators to convert to. Between {min(OPSETS)} and {max(OPSETS)}.
        onnx_precision: Of the ONNX file; one smaller than fp32 is kept only where it is proven worth it. One of:
            {", ".join(get_args(Precision))}.
        onnx_budget: How much of the metric a smaller file may lose, as a share: 0.01 is one point. Between 0 and 1.
        onnx_forms: Other forms to write beside the ONNX file, separated by commas; empty for none. Any of:
            {", ".join(get_args(Form))}.
        seed: Of everything random. Between 0 and 2147483647.
    """
