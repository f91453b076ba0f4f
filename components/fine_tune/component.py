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
    config: str = "",
    architecture: str = "",
    train_steps: int = 0,
    fine_tune_checkpoint: str = "",
    module: str = "",
    checkpoint_dir: str = "",
    seed: int = 0,
) -> None:
    """Trains the team's own TensorFlow model and measures it on the test split.

    Args:
        dataset: The dataset artifact that import_dataset wrote.
        baseline: The baseline's model folder, whose hyperparameters and column transforms training starts from.
        model: Model folder: SavedModel, predictions on the test split, training history, model.json.
        page: Training curves, metrics, what became of each variable, and the worst predictions.
        metrics: Metrics on the test split.
        config: Levers of training: a path or gs:// URI of a YAML file or of a TF Object Detection pipeline.config.
        architecture: Network to train, where neither the levers nor the checkpoint say it.
        train_steps: Batches to learn from; 0 for the levers' or the task's own.
        fine_tune_checkpoint: Weights to start from: a path or gs:// URI of any of the accepted forms, or imagenet.
        module: The team's own Python file of losses, heads, augmentation or metrics: a path or gs:// URI.
        checkpoint_dir: A folder or gs:// URI that is the same after a restart, to go on from.
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
            config=config,
            architecture=architecture,
            train_steps=train_steps,
            fine_tune_checkpoint=fine_tune_checkpoint,
            module=module,
            checkpoint_dir=checkpoint_dir,
            seed=seed,
        )
        log_metrics(metrics, with_intervals(trained.metrics, trained.metric_intervals))
