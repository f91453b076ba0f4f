"""The door of data_quality_gate."""

from typing import NamedTuple

from kfp import dsl

from ..images import image


@dsl.component(base_image=image("automl"), install_kfp_package=False)
def data_quality_gate(
    dataset: dsl.Input[dsl.Dataset],
    baseline: dsl.Input[dsl.Model],
    verdict: dsl.Output[dsl.Artifact],
    page: dsl.Output[dsl.HTML],
    metrics: dsl.Output[dsl.Metrics],
    target_metric: str = "",
    target_value: float = 0.0,
    accept: str = "",
    decision: str = "auto",
) -> NamedTuple("Outputs", [("decision", str)]):  # pyright: ignore[reportInvalidTypeForm]
    """Decides whether to fix the data, to graduate to an own model, or to ship the baseline.

    Args:
        dataset: The data set to judge.
        baseline: Model folder of the baseline that was trained on it, with predictions and label probabilities.
        verdict: Folder with verdict.json, and with findings.jsonl: every item that a rule found.
        page: The verdict and its evidence for people.
        metrics: Skill, its parts, and the number of cases of each rule, named found_*.
        target_metric: Metric to judge by: ap, ap50, ap75; accuracy, log_loss, macro_f1, roc_auc; rmse, mae or r2. Empty
            for the task's usual one: ap50, accuracy or rmse.
        target_value: What the metric should reach. 0 for its best value: 1, or 0 where lower is better.
        accept: Names of rules whose critical findings do not stop, separated by commas.
        decision: "auto", or "fix_data", "graduate" or "deploy_baseline" to force it.

    Returns:
        decision: "fix_data", "graduate" or "deploy_baseline", for the pipeline to branch on.
    """
    from graduate.components.data_quality_gate.judge import judge
    from graduate.components.errors import final_errors_as_sentences
    from graduate.components.reports.metrics import log_metrics

    with final_errors_as_sentences():
        result = judge(
            dataset=dataset.path,
            baseline=baseline.path,
            output=verdict.path,
            page=page.path,
            target_metric=target_metric,
            target_value=target_value,
            accept=accept,
            decision=decision,
        )
    figures = {name: getattr(result.standing, name) for name in ("skill", "baseline", "target", "naive")}
    log_metrics(metrics, figures | {f"found_{each.rule}": len(each.cases) for each in result.findings})
    return (result.decision,)  # pyright: ignore[reportReturnType]
