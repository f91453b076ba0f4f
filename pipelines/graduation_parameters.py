"""What the graduation's parameters mean: the docstring that KFP puts into the spec, in the words of `parameters`."""

from typing import get_args

from ..components.automl_baseline.train import EFFORTS, ENGINES
from ..components.data.items import Task
from ..components.data_quality_gate.rules import RULES
from ..components.data_quality_gate.verdict import Decision
from ..components.models.metrics import DEFAULT_METRIC, METRICS


def describe_parameters(task: Task) -> str:
    """The pipeline's docstring for a task, with the choices that the components know."""
    return f"""Graduates from an AutoML baseline to a custom model when the evidence says so.

    Args:
        dataset: A location: the import file, table or folder of labelled data.
        label_column: Of a table, the column to predict.
        group_column: Of a table, a column whose equal values shall not fall in two splits.
        target_metric: What models are judged by; empty for {DEFAULT_METRIC[task]}. One of: {", ".join(METRICS[task])}.
        target_value: The value of the metric that is good enough; 0 for its best value.
        engine: Where the baseline is trained. One of: {", ".join(ENGINES)}.
        accept: Rules of the gate whose critical findings are accepted, separated by commas. Any of: {", ".join(RULES)}.
        decision: What to do after the gate, auto by the evidence. One of: auto, {", ".join(get_args(Decision))}.
        baseline_effort: How long the baseline searches. One of: {", ".join(EFFORTS)}.
        train_steps: Batches that fine-tuning learns from; 0 for the task's own. Between 0 and 10000000.
        fine_tune_checkpoint: Pretrained weights for images. A location, or imagenet; empty for none.
        seed: Of everything random. Between 0 and 4294967295.
    """
