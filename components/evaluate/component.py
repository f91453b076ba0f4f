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
    from graduate.components.errors import final_errors_as_sentences
    from graduate.components.evaluate.compare import compare
    from graduate.components.reports.metrics import log_confusion, log_metrics

    with final_errors_as_sentences():
        result = compare(
            dataset=dataset.path,
            baseline=baseline.path,
            custom=custom.path,
            output=evaluation.path,
            page=page.path,
            seed=seed,
        )
    log_metrics(
        metrics,
        {f"{role}_{name}": value for role in ("custom", "baseline") for name, value in result[role]["metrics"].items()},
    )
    log_confusion(classification_metrics, result["custom"].get("confusion"))
    return result["better"]
