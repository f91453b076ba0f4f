"""A run folder with everything in it that a report shows."""

import hashlib
import json
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image

from graduate.components.data.dataset import DatasetWriter
from graduate.components.data.items import Box, Item, Task
from graduate.pipelines.run_record import Output, RunRecord, State
from graduate.pipelines.spec_graph import Step

_CUSTOM, _BASELINE = ("decision is graduate",), ("decision is neither fix data nor graduate",)
STEPS = {
    step.name: step
    for step in (
        Step("import-dataset", "Import the dataset"),
        Step("automl-baseline-images", "Train the AutoML baseline", ("import-dataset",)),
        Step("data-quality-gate", "Judge data and baseline", ("automl-baseline-images",)),
        Step("stop-with-evidence", "Stop and show what to fix", ("data-quality-gate",), ("decision is fix data",)),
        Step("fine-tune", "Fine-tune a custom model", ("data-quality-gate",), _CUSTOM),
        Step("evaluate", "Compare both on the same test split", ("fine-tune",), _CUSTOM),
        Step("onnx-convert", "Convert the custom model to ONNX", ("evaluate",), _CUSTOM),
        Step("batch-predict", "Predict with the custom model", ("onnx-convert",), _CUSTOM),
        Step("onnx-convert-2", "Convert the baseline to ONNX", ("data-quality-gate",), _BASELINE),
        Step("batch-predict-2", "Predict with the baseline", ("onnx-convert-2",), _BASELINE),
        Step("report-status", "Report the final status", ("batch-predict", "batch-predict-2"), is_exit=True),
    )
}


COMPARISON = {"metric": "ap50", "better": "custom", "difference": {"value": 0.2, "low": 0.1, "high": 0.3}}


def graduated_run(folder: Path) -> RunRecord:
    """Writes a run that graduated: its custom branch succeeded, the others were skipped."""
    folder.mkdir(parents=True)
    record = RunRecord.new(
        folder,
        "graduation",
        {"spec": "", "inputs": {}, "parameters": {"dataset": "<b>x</b>", "seed": 0}},
        STEPS.values(),
    )
    _write_results(folder)
    for number, (name, step) in enumerate(record.steps.items()):
        if name.endswith("-2") or name == "stop-with-evidence":
            continue
        step.state, step.started, step.seconds = State.SUCCEEDED, 1000.0 + number, 3.2 * number
        step.log = f"logs/{name}.log"
        for path in sorted((folder / name).glob("*")) if (folder / name).exists() else ():
            kind = "system.HTML" if path.suffix == ".html" else "system.Artifact"
            step.outputs.append(Output(path.stem, kind, f"{name}/{path.name}", 1234567))
    record.steps["import-dataset"].state = State.REUSED
    record.close(State.SUCCEEDED, "", STEPS)
    return record


def _write_results(folder: Path) -> None:
    test_items = _dataset(folder / "import-dataset" / "dataset", folder.parent)
    findings = [
        _finding("split_overlap", "critical", 2, True, "2 images of the test split are also in training."),
        _finding("wrong_label", "warning", 130, False, "130 labels (4.1 %) contradict the baseline."),
    ]
    verdict = {
        "decision": "graduate",
        "reason": "ap50 0.61 is below the target of 0.75, and no critical finding is left.",
    }
    verdict |= {"decided_by": "auto", "metric": "ap50", "baseline": 0.61, "target": 0.75, "findings": findings}
    _json(folder / "data-quality-gate" / "verdict" / "verdict.json", verdict)
    (folder / "data-quality-gate" / "page.html").write_text("<!DOCTYPE html><p>The gate's own page.</p>")
    metrics = {"baseline": {"ap50": 0.6134, "ap": 0.31}, "custom": {"ap50": 0.8712, "ap": 0.5561}}
    evaluation = {name: {"metrics": values} for name, values in metrics.items()}
    _json(folder / "evaluate" / "evaluation" / "evaluation.json", evaluation | COMPARISON)
    predictions = [
        {
            "displayNames": ["7", "3"],
            "confidences": [0.93, 0.71],
            "bboxes": [[0.11, 0.41, 0.19, 0.6], [0.6, 0.8, 0.5, 0.9]],
        }
    ] * len(test_items)
    lines = (json.dumps({"id": item, "prediction": found}) for item, found in zip(test_items, predictions, strict=True))
    model = folder / "fine-tune" / "model"
    (model / "predictions").mkdir(parents=True)
    (model / "predictions" / "test.jsonl").write_text("\n".join(lines))
    parity = {
        "proven": True,
        "max_abs_difference": 2.1e-6,
        "precision": "fp32",
        "metric": "ap50",
        "metric_source": 0.8712,
        "metric_onnx": 0.8712,
    }
    _json(folder / "onnx-convert" / "certificate" / "parity.json", parity)
    counts = {"results": 120, "errors": 0, "rejects": 1, "seconds": 4.2, "images_per_second": 28.6}
    _json(folder / "batch-predict" / "predictions" / "summary.json", counts)


def _finding(rule: str, severity: str, count: int, accepted: bool, message: str) -> dict[str, Any]:
    items = [
        {
            "id": f"scenes/a-rather-long-file-name-{n:04}.jpg",
            "source": f"import.jsonl:{n}",
            "split": "test",
            "box": n % 3 - 1,
            "column": "",
        }
        | {"detail": "labelled 1, looks like 7"}
        for n in range(count)
    ]
    return {"rule": rule, "severity": severity, "message": message, "measured": count, "threshold": 0} | {
        "accepted": accepted,
        "advice": "Look at each and mend the label.",
        "count": count,
        "items": items,
    }


def _dataset(path: Path, images: Path) -> list[str]:
    """Writes a dataset of six grey images with two boxes each; returns the ids of its test split."""
    boxes = [Box("7", 0.1, 0.2, 0.4, 0.6), Box("3", 0.62, 0.52, 0.81, 0.88)]
    with DatasetWriter(path, Task.OBJECT_DETECTION, "import.jsonl") as writer:
        for number in range(6):
            file = images / f"scene-{number:04}.jpg"
            shade = np.random.default_rng(number).integers(150, 220, (30, 40, 3), dtype=np.uint8)
            Image.fromarray(shade).resize((400, 300)).save(file)
            digest = hashlib.sha256(file.read_bytes()).hexdigest()
            item = Item(file.name, str(file), f"import.jsonl:{number}", digest, "test", 400, 300, "0" * 16, [], boxes)
            writer.add(item, "test")
    return [f"scene-{number:04}.jpg" for number in range(6)]


def _json(path: Path, value: object) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps(value))
