"""The gate: what is wrong with the data, how good the baseline is on it, and so what to do."""

import json
from collections.abc import Iterator
from pathlib import Path

from ..data.dataset import Dataset
from ..data.storage import write_atomically
from ..errors import InputError
from ..models.folder import ModelFolder
from ..reports.page import render, write_page
from .duplicates.copies import duplicates_and_overlap
from .findings import Finding, NotJudged, Outcome, marked
from .labels.balance import balance
from .labels.missing_boxes import missing_boxes
from .labels.wrong_labels import wrong_labels
from .naive import naive_metrics
from .page.evidence import page_context
from .rules import accepted_rules
from .schema.marks import schema_and_types
from .standing import standing
from .verdict import AUTO, Verdict, checked_decision, decide


def judge(
    dataset: str,
    baseline: str,
    output: str,
    page: str,
    target_metric: str = "",
    target_value: float = 0.0,
    accept: str = "",
    decision: str = AUTO,
) -> Verdict:
    """Judges a data set by its own faults and by the baseline that was trained on it.

    Args:
        dataset: the data set's folder.
        baseline: the baseline's model folder, with predictions and label probabilities.
        output: folder to write verdict.json and findings.jsonl to.
        page: file to write the page (HTML) to.
        target_metric: ap, ap50, ap75; accuracy, log_loss, macro_f1, roc_auc; rmse, mae or r2. "" for the task's usual
            one: ap50, accuracy or rmse.
        target_value: what the metric should reach; 0 for its best value (1, or 0 where lower is better).
        accept: rules whose critical findings do not stop, separated by commas.
        decision: auto; or fix_data, graduate or deploy_baseline to force it.

    Returns:
        The verdict as written.

    Raises:
        InputError: a parameter names something unknown, the target is none, or the baseline is of other data.
    """
    accepted, decision = accepted_rules(accept), checked_decision(decision)
    data, model = Dataset.open(dataset), ModelFolder.open(baseline)
    if model.dataset_digests != data.digests:
        raise InputError(f"the baseline {model.name} was trained on other data than {dataset}: train it again on this.")
    place = standing(data.task, model.metrics, naive_metrics(data), target_metric, target_value)
    outcomes = list(_examine(data, model))
    findings = marked((each for each in outcomes if isinstance(each, Finding)), accepted)
    not_judged = [each for each in outcomes if isinstance(each, NotJudged)]
    verdict = decide(place, findings, not_judged, decision)
    html = render("data_quality_gate/page/page.html", **page_context(data, model, verdict))
    _write(verdict, Path(output))
    write_page(page, html)
    print(f"verdict: {verdict.decision}. {verdict.reason}", flush=True)
    return verdict


def _examine(data: Dataset, baseline: ModelFolder) -> Iterator[Outcome]:
    """Yields all outcomes. The order matters: a fault that an earlier check finds can mislead a later one."""
    print("gate: schema and types", flush=True)
    yield from schema_and_types(data)
    print("gate: duplicates and overlap", flush=True)
    yield from duplicates_and_overlap(data)
    print("gate: balance of labels", flush=True)
    yield from balance(data)
    print("gate: label errors", flush=True)
    yield from wrong_labels(data, baseline)
    yield from missing_boxes(data, baseline)


def _write(verdict: Verdict, output: Path) -> None:
    """Writes the folder: verdict.json last and an earlier one removed first, so that it is never of other findings."""
    (output / "verdict.json").unlink(missing_ok=True)
    with write_atomically(output / "findings.jsonl") as file, file.open("w", encoding="utf-8") as lines:
        for finding in verdict.findings:
            for case in finding.cases:
                record = {"rule": finding.rule, "severity": finding.severity, **case.as_json()}
                lines.write(json.dumps(record, ensure_ascii=False) + "\n")
    with write_atomically(output / "verdict.json") as file:
        text = json.dumps(verdict.as_json(), indent=2, ensure_ascii=False, allow_nan=False)
        file.write_text(text + "\n", encoding="utf-8")
