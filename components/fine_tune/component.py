"""The door of fine-tuning."""

from kfp import dsl

from ..images import image


@dsl.component(base_image=image("tensorflow"), install_kfp_package=False)
def fine_tune(
    dataset: dsl.Input[dsl.Dataset],
    baseline: dsl.Input[dsl.Model],
    model: dsl.Output[dsl.Model],
    page: dsl.Output[dsl.HTML],
    metrics: dsl.Output[dsl.Metrics],
    train_steps: int = 0,
    fine_tune_checkpoint: str = "",
    seed: int = 0,
) -> None:
    """Trains the team's own TensorFlow model and measures it on the test split.

    Args:
        dataset: The dataset artifact that import_dataset wrote.
        baseline: The baseline's model folder; a table's columns are prepared as it prepared them.
        model: Model folder: SavedModel, predictions on the test split, training history, model.json.
        page: Training curves, metrics and example predictions.
        metrics: Metrics on the test split.
        train_steps: Batches to learn from; 0 for the task's default.
        fine_tune_checkpoint: Weights to start from: a path or gs:// URI of Keras weights, imagenet, or empty.
        seed: Of everything random.
    """
    from graduate.components.errors import final_errors_as_sentences
    from graduate.components.fine_tune.train import fine_tune as train
    from graduate.components.reports.metrics import log_metrics, with_intervals

    with final_errors_as_sentences():
        trained = train(
            dataset=dataset.path,
            output=model.path,
            page=page.path,
            baseline=baseline.path,
            train_steps=train_steps,
            fine_tune_checkpoint=fine_tune_checkpoint,
            seed=seed,
        )
        log_metrics(metrics, with_intervals(trained.metrics, trained.metric_intervals))
