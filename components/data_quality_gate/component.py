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
    judge_by: str = "skill",
    fix_below: float = 0.5,
    deploy_above: float = 0.8,
    reference: str = "",
    accept: str = "",
    decision: str = "auto",
    seed: int = 0,
) -> NamedTuple("Outputs", [("decision", str)]):  # pyright: ignore[reportInvalidTypeForm]
    """Decides whether to fix the data, to graduate to an own model, or to ship the baseline.

    Args:
        dataset: The data set to judge.
        baseline: Model folder of the baseline that was trained on it, with predictions and label probabilities.
        verdict: Folder with verdict.json; findings.jsonl, every item that a rule found; and profile.json, what the
            columns of a table hold, which can be the `reference` of a later run.
        page: The verdict and its evidence for people.
        metrics: Skill, its parts and its interval, and the number of cases of each rule, named found_*.
        target_metric: Metric to judge by: ap, ap50, ap75; accuracy, log_loss, macro_f1, roc_auc; map, micro_f1,
            macro_f1 (several labels); rmse, mae or r2. Empty for the task's usual one: ap50, accuracy, map or rmse.
        target_value: What the metric should reach. 0 where nobody knows: its best value stands in, and only a baseline
            that is hardly better than guessing condemns the data.
        judge_by: "skill", (metric - naive) / (target - naive), or "ratio", metric / target.
        fix_below: Share of the target under which the data are to be mended.
        deploy_above: Share of the target above which the baseline may be shipped.
        reference: profile.json of an earlier verdict, a path or gs:// URI, to hold a table against. Empty for none.
        accept: Names of rules whose critical findings do not stop, separated by commas.
        decision: "auto", or "fix_data", "graduate" or "deploy_baseline" to force it.
        seed: Of the gate's own models and samples.

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
            judge_by=judge_by,
            fix_below=fix_below,
            deploy_above=deploy_above,
            reference=reference,
            accept=accept,
            decision=decision,
            seed=seed,
        )
    log_metrics(metrics, result.figures() | {f"found_{each.rule}": len(each.cases) for each in result.findings})
    return (result.decision,)  # pyright: ignore[reportReturnType]
