"""The doors of the baseline: one interface, and an image for each kind of data."""

from kfp import dsl

from ..images import image


def automl_baseline(
    dataset: dsl.Input[dsl.Dataset],
    model: dsl.Output[dsl.Model],
    page: dsl.Output[dsl.HTML],
    metrics: dsl.Output[dsl.Metrics],
    classification_metrics: dsl.Output[dsl.ClassificationMetrics],
    engine: str = "local",
    effort: str = "fast",
    checkpoint: str = "",
    seed: int = 0,
) -> None:
    """Trains a baseline without any choices to make, and measures it on the test split.

    Args:
        dataset: The dataset artifact that import_dataset wrote.
        model: Model folder: the model, its predictions of every split (train: out of fold), what it believes of each
            label, and for tables feature transforms and importance.
        page: Metrics, importance and what was done to the columns.
        metrics: Metrics on the test split.
        classification_metrics: Confusion matrix on the test split; empty where the task is no classification.
        engine: Where to train: local, or vertex.
        effort: How long to search: fast, or standard.
        checkpoint: Weights of the frozen backbone (images): a path or gs:// URI of Keras weights, imagenet, or empty.
        seed: Of everything random.
    """
    from graduate.components.automl_baseline.train import confusion_on_test, train_baseline
    from graduate.components.errors import final_errors_as_sentences
    from graduate.components.reports.metrics import log_confusion, log_metrics

    with final_errors_as_sentences():
        trained = train_baseline(
            dataset=dataset.path,
            output=model.path,
            page=page.path,
            engine=engine,
            effort=effort,
            checkpoint=checkpoint,
            seed=seed,
        )
        log_metrics(metrics, trained.metrics)
        log_confusion(classification_metrics, confusion_on_test(dataset.path, trained))


automl_baseline_tables = dsl.component(base_image=image("automl"), install_kfp_package=False)(automl_baseline)
automl_baseline_images = dsl.component(base_image=image("tensorflow"), install_kfp_package=False)(automl_baseline)
