"""Composing summary.json from whatever the steps left."""

import json
from pathlib import Path
from typing import Any

import pytest

from graduate.pipelines import summary
from graduate.pipelines.run_record import RunRecord, State
from graduate.pipelines.spec_graph import Step

STEPS = [
    Step("automl-baseline-images", "Train the baseline"),
    Step("data-quality-gate", "Judge"),
    Step("fine-tune", "Fine-tune"),
    Step("evaluate", "Compare"),
    Step("onnx-convert", "Convert the custom model"),
    Step("onnx-convert-2", "Convert the baseline"),
    Step("batch-predict", "Predict with the custom model"),
    Step("batch-predict-2", "Predict with the baseline"),
]
VERDICT = {
    "decision": "graduate",
    "reason": "The target is not met.",
    "findings": [
        {"rule": "wrong_label", "severity": "warning", "accepted": False, "count": 2000},
        {"rule": "split_overlap", "severity": "critical", "accepted": True, "count": 1},
    ],
}
BASELINE = {"metrics": {"ap50": 0.5}, "metric_intervals": {"ap50": [0.4, 0.6]}}


@pytest.fixture
def record(tmp_path: Path) -> RunRecord:
    return RunRecord.new(tmp_path, "graduation", {}, STEPS)


def leave(record: RunRecord, step: str, result: str, value: dict[str, Any]) -> None:
    """Has a step succeed with a result."""
    path = record.folder / step / result
    path.parent.mkdir(parents=True)
    path.write_text(json.dumps(value))
    record.steps[step].state = State.SUCCEEDED
    record.steps[step].seconds = 2.0


def test_findings_are_counted_by_rule(record: RunRecord) -> None:
    leave(record, "data-quality-gate", "verdict/verdict.json", VERDICT)
    composed = summary.compose(record)
    assert composed["decision"] == "graduate"
    assert composed["findings"] == {
        "wrong_label": {"severity": "warning", "count": 2000, "accepted": False},
        "split_overlap": {"severity": "critical", "count": 1, "accepted": True},
    }


def test_metrics_are_those_of_the_comparison_where_there_is_one(record: RunRecord) -> None:
    leave(record, "automl-baseline-images", "model/model.json", BASELINE)
    assert summary.compose(record)["baseline"] == {"metrics": {"ap50": 0.5}, "intervals": {"ap50": [0.4, 0.6]}}
    assert summary.compose(record)["custom"] is None
    both = {name: {"name": name, "metrics": {"ap50": value}} for name, value in (("baseline", 0.51), ("custom", 0.8))}
    compared = {"metric": "ap50", "better": "baseline", "difference": {"value": -0.29, "low": -0.4, "high": -0.1}}
    leave(record, "evaluate", "evaluation/evaluation.json", both | compared)
    composed = summary.compose(record)
    assert composed["baseline"] == {"metrics": {"ap50": 0.51}, "intervals": {"ap50": [0.4, 0.6]}}
    assert composed["custom"] == {"metrics": {"ap50": 0.8}, "intervals": {}}
    assert composed["comparison"] == compared
    said = "The custom model is NOT better: its ap50 differs from the baseline's by -0.29 (95 % interval -0.4 to -0.1)."
    assert said in summary.sentences(composed)


@pytest.mark.parametrize("suffix", ["", "-2"])
def test_conversion_and_prediction_are_those_of_the_branch_that_ran(record: RunRecord, suffix: str) -> None:
    leave(record, f"onnx-convert{suffix}", "certificate/parity.json", {"proven": True, "max_abs_difference": 1e-6})
    leave(record, f"batch-predict{suffix}", "predictions/summary.json", {"results": 9, "errors": 1, "rejects": 0})
    composed = summary.compose(record)
    assert composed["parity"]["proven"] is True
    assert composed["predictions"]["results"] == 9


def test_a_result_of_a_step_that_did_not_end_well_does_not_count(record: RunRecord) -> None:
    leave(record, "onnx-convert", "certificate/parity.json", {"proven": True})
    record.steps["onnx-convert"].state = State.FAILED
    assert summary.compose(record)["parity"] is None


def test_a_run_that_did_nothing_has_a_summary(record: RunRecord) -> None:
    record.close(State.FAILED, "Train the baseline: no data", {step.name: step for step in STEPS})
    summary.write(record)
    composed = summary.read(record.folder)
    assert composed["state"] == "failed"
    assert composed["reason"] == "Train the baseline: no data"
    assert composed["findings"] == {}
    assert composed["seconds"] == {}
    assert {step["state"] for step in composed["steps"].values()} == {"skipped"}


def test_the_sentences_tell_decision_metrics_parity_and_rate(record: RunRecord) -> None:
    record.state = State.SUCCEEDED
    leave(record, "data-quality-gate", "verdict/verdict.json", VERDICT)
    leave(
        record,
        "fine-tune",
        "model/model.json",
        {"metrics": {"ap50": 0.81234}, "metric_intervals": {"ap50": [0.78, 0.83]}},
    )
    parity = {"proven": True, "max_abs_difference": 2.2e-6, "precision": "int8"}
    leave(record, "onnx-convert", "certificate/parity.json", parity)
    counts = {"results": 1200, "errors": 0, "rejects": 1, "images_per_second": 28.6}
    leave(record, "batch-predict", "predictions/summary.json", counts)
    assert summary.sentences(summary.compose(record)) == [
        "Decision: graduate. The target is not met.",
        "Findings: wrong label 2,000 (warning), split overlap 1 (critical, accepted).",
        "Custom: ap50 0.8123 (0.78 to 0.83).",
        "ONNX parity: proven, largest difference 2.2e-06; the file is int8.",
        "Predicted: 1,200, errors 0, 28.6 a second.",
        "Time in steps: 8.0 s.",
    ]
