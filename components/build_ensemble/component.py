"""The door of ensembles."""

from kfp import dsl

from ..images import image


# Two inputs and no list: kfp's local runner cannot hand over a list of artifacts. The room takes up to eight members.
@dsl.component(base_image=image("predict"), install_kfp_package=False)
def build_ensemble(
    dataset: dsl.Input[dsl.Dataset],
    baseline: dsl.Input[dsl.Model],
    custom: dsl.Input[dsl.Model],
    model: dsl.Output[dsl.Model],
    page: dsl.Output[dsl.HTML],
    metrics: dsl.Output[dsl.Metrics],
    seed: int = 0,
) -> None:
    """Puts the baseline and the custom model together as one, with weights learned on the validation split.

    Args:
        dataset: The data set that both models were trained on.
        baseline: Model folder of the baseline with model.onnx: of a table that of automl_baseline, of images converted.
        custom: Model folder of the custom model with model.onnx, converted.
        model: Model folder of the ensemble, which is served and predicted with as any other.
        page: Each member's weight, the gain over the best one and what it costs, for people.
        metrics: Metrics of the ensemble on the test split, the weights, and the gain in the main metric.
        seed: Of the bootstrap that gives the interval.
    """
    from graduate.components.build_ensemble.build import build_ensemble as build
    from graduate.components.build_ensemble.figures import logged
    from graduate.components.errors import final_errors_as_sentences
    from graduate.components.reports.metrics import log_metrics

    with final_errors_as_sentences():
        figures = build(
            members=[baseline.path, custom.path],
            dataset=dataset.path,
            output=model.path,
            page=page.path,
            seed=seed,
        )
    log_metrics(metrics, logged(figures))
