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
    opset: int = 18,
    precision: str = "fp32",
    budget: float = 0.01,
    forms: str = "",
) -> None:
    """Converts a model to ONNX and proves on the test split that it computes the same.

    Args:
        source: Model folder of a trained model.
        dataset: The dataset artifact that it was trained on.
        model: Model folder with the proven model.onnx.
        certificate: Folder with parity.json, the proof.
        page: The proof for people.
        metrics: Largest difference, the metric of source and ONNX, latencies and sizes.
        opset: Version of the ONNX operators.
        precision: fp32, or fp16 or int8 where such a file is proven to be worth it.
        budget: How much of the metric a smaller file may lose, as a share.
        forms: Other forms to write, separated by commas.
    """
    from graduate.components.errors import final_errors_as_sentences
    from graduate.components.onnx_convert.convert import convert
    from graduate.components.reports.metrics import log_metrics

    with final_errors_as_sentences():
        parity = convert(
            saved_model=source.path,
            output=model.path,
            dataset=dataset.path,
            opset=opset,
            precision=precision,
            budget=budget,
            forms=forms,
            certificate=certificate.path,
            page=page.path,
        )
    log_metrics(metrics, {name: value for name, value in parity.items() if isinstance(value, int | float)})
