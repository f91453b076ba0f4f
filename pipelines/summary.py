"""summary.json: what a run decided and measured, composed from the results of whichever steps ran."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from ..components.data.storage import write_atomically
from ..components.reports.formats import duration, measured, number, words
from .run_record import DONE, RunRecord, State

SUMMARY_FILE = "summary.json"
_MODEL = "model/model.json"


def compose(record: RunRecord) -> dict[str, Any]:
    """The summary of a run.

    Args:
        record: of a run in any state; a stopped or failed run lacks what its missing steps would have made.

    Returns:
        `state`, `decision`, `reason`, `findings` by rule, `baseline` and `custom` with their `metrics` and, where they
        are known, the `intervals` of these ([low, high]), `comparison` of the two, `parity`, `predictions`, `seconds`
        by step, `steps` by name. What the run does not have is None (findings: empty).
    """
    verdict = read_result(record, "data-quality-gate", "verdict/verdict.json") or {}
    evaluation = read_result(record, "evaluate", "evaluation/evaluation.json") or {}
    return {
        "state": State.SUCCEEDED if record.state is State.SUCCEEDED else State.FAILED,
        "decision": verdict.get("decision"),
        "reason": record.reason or verdict.get("reason"),
        "findings": {
            finding["rule"]: {
                "severity": finding["severity"],
                "count": finding["count"],
                "accepted": finding["accepted"],
            }
            for finding in verdict.get("findings", ())
        },
        "baseline": _metrics(evaluation.get("baseline"), read_result(record, "automl-baseline", _MODEL)),
        "custom": _metrics(evaluation.get("custom"), read_result(record, "fine-tune", _MODEL)),
        "comparison": {name: evaluation[name] for name in ("metric", "better", "difference")} if evaluation else None,
        "parity": read_result(record, "onnx-convert", "certificate/parity.json"),
        "predictions": read_result(record, "batch-predict", "predictions/summary.json"),
        "seconds": {name: step.seconds for name, step in record.steps.items() if step.seconds is not None},
        "steps": {
            name: {"state": step.state, "display_name": step.display_name, "seconds": step.seconds}
            | ({"reason": step.reason} if step.reason else {})
            for name, step in record.steps.items()
        },
    }


def write(record: RunRecord) -> None:
    """Writes summary.json into the run folder."""
    with write_atomically(record.folder / SUMMARY_FILE) as aside:
        aside.write_text(json.dumps(compose(record), indent=2, ensure_ascii=False), encoding="utf-8")


def read(run_dir: Path) -> dict[str, Any]:
    """The summary of a run folder."""
    return json.loads((run_dir / SUMMARY_FILE).read_text(encoding="utf-8"))


def result_path(record: RunRecord, component: str, result: str) -> Path | None:
    """Where a component left a result, if it ran.

    Args:
        record: of the run.
        component: its name. Its step has the same one, with the variant behind it (automl-baseline-images), or
            KFP's number where several branches use it (onnx-convert-2).
        result: path in the step's folder.
    """
    for name, step in record.steps.items():
        if f"{name}-".startswith(f"{component}-") and step.state in DONE:
            path = record.folder / name / result
            if path.exists():
                return path
    return None


def read_result(record: RunRecord, component: str, result: str) -> dict[str, Any] | None:
    """A JSON result of a component, or None; see `result_path`."""
    path = result_path(record, component, result)
    return json.loads(path.read_text(encoding="utf-8")) if path else None


def sentences(summary: dict[str, Any]) -> list[str]:
    """The summary as a person would tell it, one fact a line."""
    told = []
    decision = f"Decision: {words(summary['decision'])}." if summary["decision"] else ""
    # The reason of a run that did not succeed is not the decision's.
    separator = " " if summary["state"] == State.SUCCEEDED else "\n"
    told += f"{decision}{separator}{summary['reason'] or ''}".strip().splitlines()
    if found := summary["findings"]:
        told.append("Findings: " + ", ".join(_finding(rule, finding) for rule, finding in found.items()) + ".")
    for name in ("baseline", "custom"):
        if summary[name]:
            told.append(f"{name.capitalize()}: " + ", ".join(_metric_texts(**summary[name])) + ".")
    if comparison := summary["comparison"]:
        told.append(comparison_sentence(comparison))
    if parity := summary["parity"]:
        outcome = "proven" if parity["proven"] else "NOT proven"
        difference = f"largest difference {number(parity['max_abs_difference'])}"
        told.append(f"ONNX parity: {outcome}, {difference}; the file is {parity['precision']}.")
    if predictions := summary["predictions"]:
        told.append(_predictions(predictions))
    told.append(f"Time in steps: {duration(sum(summary['seconds'].values()))}.")
    return told


def comparison_sentence(comparison: dict[str, Any]) -> str:
    """Which model is better on the test split, and by how much (`comparison` of the summary)."""
    difference = comparison["difference"]
    low, high = number(difference["low"], 3), number(difference["high"], 3)
    verdict = "The custom model is better" if comparison["better"] == "custom" else "The custom model is NOT better"
    by = f"{difference['value']:+.4g} (95 % interval {low} to {high})"
    return f"{verdict}: its {comparison['metric']} differs from the baseline's by {by}."


def _metrics(compared: dict[str, Any] | None, model: dict[str, Any] | None) -> dict[str, Any] | None:
    """Metrics as the evaluation has them, or else as the model's own folder does."""
    if not (measured := compared or model):
        return None
    return {"metrics": measured["metrics"], "intervals": model["metric_intervals"] if model else {}}


def _metric_texts(metrics: dict[str, float], intervals: dict[str, list[float]]) -> Iterator[str]:
    for name, value in metrics.items():
        yield f"{name} {measured(value, intervals.get(name))}"


def _finding(rule: str, finding: dict[str, Any]) -> str:
    accepted = ", accepted" if finding["accepted"] else ""
    return f"{words(rule)} {number(finding['count'])} ({finding['severity']}{accepted})"


def _predictions(predictions: dict[str, Any]) -> str:
    counts = f"Predicted: {number(predictions['results'])}, errors {number(predictions['errors'])}"
    rate = predictions.get("images_per_second") or predictions.get("items_per_second")
    return f"{counts}, {number(rate, 3)} a second." if rate else f"{counts}."
