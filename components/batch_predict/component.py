"""The door of batch_predict."""

from kfp import dsl

from ..images import image


@dsl.component(base_image=image("predict"), install_kfp_package=False)
def batch_predict(
    model: dsl.Input[dsl.Model],
    dataset: dsl.Input[dsl.Dataset],
    predictions: dsl.Output[dsl.Artifact],
    page: dsl.Output[dsl.HTML],
    metrics: dsl.Output[dsl.Metrics],
) -> None:
    """Predicts every item of a data set with an ONNX model, each exactly once.

    Args:
        model: Model folder with model.onnx.
        dataset: The data set; all its splits are predicted.
        predictions: Folder with prediction.results-*, prediction.errors-* and summary.json.
        page: Counts, a sample of predictions, and what went wrong, for people.
        metrics: Counts of results, errors and rejects, and the rate.
    """
    from graduate.components.batch_predict.predict import predict
    from graduate.components.errors import final_errors_as_sentences
    from graduate.components.reports.metrics import log_metrics

    with final_errors_as_sentences():
        summary = predict(model=model.path, input=dataset.path, output=predictions.path, page=page.path)
    log_metrics(metrics, {name: value for name, value in summary.items() if isinstance(value, int | float)})
