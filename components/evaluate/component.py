"""The door of evaluate."""

from kfp import dsl

from ..images import image


@dsl.component(base_image=image("predict"), install_kfp_package=False)
def evaluate(
    dataset: dsl.Input[dsl.Dataset],
    baseline: dsl.Input[dsl.Model],
    custom: dsl.Input[dsl.Model],
    evaluation: dsl.Output[dsl.Artifact],
    page: dsl.Output[dsl.HTML],
    metrics: dsl.Output[dsl.Metrics],
    classification_metrics: dsl.Output[dsl.ClassificationMetrics],
    seed: int = 0,
) -> str:
    """Compares the custom model with the baseline on the same frozen test split.

    Args:
        dataset: The data set that both models were trained on.
        baseline: Model folder of the baseline, with its predictions of the test split.
        custom: Model folder of the custom model, with its predictions of the test split.
        evaluation: Folder with evaluation.json: both models' metrics and the difference with its interval.
        page: The comparison for people, with example pictures or charts.
        metrics: Each metric of both models, named custom_* and baseline_*.
        classification_metrics: The custom model's confusion matrix; empty where the task is no classification.
        seed: Seed of the bootstrap that gives the interval.

    Returns:
        "custom" or "baseline": the better one on the task's main metric; "baseline" on a tie.
    """
    import json
    from pathlib import Path

    from graduate.components.errors import input_errors_as_sentences
    from graduate.components.evaluate.compare import compare

    with input_errors_as_sentences():
        result = compare(
            dataset=dataset.path,
            baseline=baseline.path,
            custom=custom.path,
            output=evaluation.path,
            page=page.path,
            seed=seed,
        )
    for role in ("custom", "baseline"):
        for name, value in result[role]["metrics"].items():
            metrics.log_metric(f"{role}_{name}", value)
    table = result["custom"].get("confusion")
    if table:
        classification_metrics.log_confusion_matrix(table["labels"], table["counts"])
    # kfp's local cache takes a task for done only when each of its metrics has a file.
    for artifact in (metrics, classification_metrics):
        Path(artifact.path).write_text(json.dumps(artifact.metadata))
    return result["better"]
