"""The door of ONNX conversion."""

from kfp import dsl

from ..images import image


@dsl.component(base_image=image("onnx"), install_kfp_package=False)
def onnx_convert(
    source: dsl.Input[dsl.Model],
    dataset: dsl.Input[dsl.Dataset],
    model: dsl.Output[dsl.Model],
    certificate: dsl.Output[dsl.Artifact],
    page: dsl.Output[dsl.HTML],
    metrics: dsl.Output[dsl.Metrics],
) -> None:
    """Converts a model to ONNX and proves on the test split that it computes the same.

    Args:
        source: Model folder of a trained model.
        dataset: The dataset artifact that it was trained on.
        model: Model folder with the proven model.onnx.
        certificate: Folder with parity.json, the proof.
        page: The proof for people.
        metrics: Largest difference, and the metric of source and ONNX.
    """
    from graduate.components.errors import final_errors_as_sentences
    from graduate.components.onnx_convert.convert import convert
    from graduate.components.reports.metrics import log_metrics

    with final_errors_as_sentences():
        parity = convert(
            saved_model=source.path,
            output=model.path,
            dataset=dataset.path,
            certificate=certificate.path,
            page=page.path,
        )
        figures = ("max_abs_difference", "metric_source", "metric_onnx", "bytes")
        log_metrics(metrics, {name: parity[name] for name in figures})
