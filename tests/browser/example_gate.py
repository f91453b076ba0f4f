"""Pages of the gate with everything on them that it can show, and names that are HTML or very long."""

import hashlib
import io
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path

import numpy as np
import pyarrow as pa
from PIL import Image

from graduate.components.data.dataset import Dataset, DatasetWriter, row_schema
from graduate.components.data.items import Box, Column, ColumnType, Item, Task
from graduate.components.data_quality_gate.findings import Case, Counterfactual, Finding, NotJudged, marked
from graduate.components.data_quality_gate.page.evidence import page_context
from graduate.components.data_quality_gate.rules import RULES
from graduate.components.data_quality_gate.schema.profile import profile
from graduate.components.data_quality_gate.standing import Standing
from graduate.components.data_quality_gate.verdict import decide
from graduate.components.models.folder import ModelFolder
from graduate.components.reports.page import render, write_page
from graduate.components.reports.pictures import PredictedBox

EVIL = "<script>document.title = 'evil'</script>"
LONG = "a_name_without_end_" * 26
COLUMNS = [
    Column("income", ColumnType.CATEGORY),
    Column("age", ColumnType.NUMBER),
    Column("city", ColumnType.CATEGORY),
    Column("tax_code", ColumnType.CATEGORY),
    Column("tax_paid", ColumnType.NUMBER),
    Column("since", ColumnType.DATE),
    Column("member", ColumnType.BOOLEAN),
    Column("remark", ColumnType.TEXT),
    Column(EVIL, ColumnType.NUMBER),
    Column(LONG, ColumnType.CATEGORY),
]
CLOSE_CALL = Standing(
    metric="roc_auc",
    baseline=0.8912,
    target=0.95,
    naive=0.5,
    target_is_given=True,
    interval=(0.8523, 0.9204),
)


def table_page(folder: Path, standing: Standing | None = CLOSE_CALL, task: Task = Task.TABULAR_CLASSIFICATION) -> Path:
    """The page of a table with a finding of every kind that a table can have."""
    label = "tax_paid" if task is Task.TABULAR_REGRESSION else "income"
    data = _people(folder / "data", task, label)
    return _page(folder, data, standing, _table_findings(), accepted={"drift"})


def image_page(folder: Path) -> Path:
    """The page of images with boxes, on a close call; among them a very tall, a very wide and a tiny one."""
    data = _scenes(folder)
    place = Standing("ap50", 0.59, 0.75, 0.0, target_is_given=True, interval=(0.52, 0.66))
    return _page(folder, data, place, _image_findings(), accepted={"split_overlap", "too_few_per_label"})


def _page(
    folder: Path, data: Dataset, standing: Standing | None, findings: Sequence[Finding], accepted: set[str]
) -> Path:
    reason = "No profile of earlier data was given to hold the table against: give `reference`."
    not_judged = [NotJudged(rule, reason) for rule in ("schema_break", "new_column", "new_category")]
    verdict = decide(standing, marked(findings, frozenset(accepted)), not_judged)
    baseline = ModelFolder(
        path=folder / "model",
        name="gradient boosting",
        task=data.task,
        labels=data.labels,
        framework="scikit-learn",
        pretrained="Nothing.",
        dataset_digests=data.digests,
        input={"kind": "columns", "columns": []},
    )
    context = page_context(data, baseline, verdict, profile(data))
    write_page(folder / "page.html", render("data_quality_gate/page/page.html", **context))
    return folder / "page.html"


def _found(rule: str, measured: float, cases: Sequence[Case], message: str, *changes: Counterfactual) -> Finding:
    severity = RULES[rule].severity_of(measured)
    assert severity
    return Finding(
        rule, severity, message, measured, RULES[rule].limit_of(severity), cases, counterfactuals=list(changes)
    )


def _table_findings() -> list[Finding]:
    def row(number: int, detail: str, column: str = "", twin: int = 0) -> Case:
        place = f"people.csv:{number}"
        before = ("train", f"people.csv:{twin}") if twin else None
        return Case(place, f"{LONG}{place}" if twin else place, "train", detail, column=column, twin=before)

    def of(column: str, detail: str) -> Case:
        return Case("", "", "", detail, column=column)

    note = "Measured by a small model on 20,000 rows, the same rows each time."
    drop = [
        Counterfactual("drop `tax_code`", "roc_auc", 0.991, 0.835, note),
        Counterfactual(f"drop `tax_code` and `{LONG[:80]}`", "log_loss", 0.11, 0.4123),
    ]
    copies = [
        row(number, f"the same as people.csv:{number - 100} (train)", twin=number - 100) for number in range(1, 3000)
    ]
    return [
        _found(
            "leakage",
            2,
            [
                of("tax_code", "alone it tells the label with roc_auc 0.98"),
                of("tax_paid", "alone it tells the label with roc_auc 0.97"),
            ],
            "`tax_code` and `tax_paid` alone tell the label nearly as well as all columns together.",
            *drop,
        ),
        _found(
            "split_overlap", 1, [row(150, "the same as people.csv:50 (train)", twin=50)], "1 case among 1,400 rows."
        ),
        _found("duplicate", 2999, copies[100:], "2,899 cases among 1,400 rows."),
        _found(
            "range_break",
            2,
            [row(17, "age is 4711, the reference has 17 to 93", "age"), row(18, f"{LONG} is odd", LONG)],
            "2 values out of the range of the reference.",
        ),
        _found(
            "missing_values", 0.62, [of("city", "62 % of the rows have no value")], "1 of 9 columns is mostly empty."
        ),
        _found(
            "drift",
            4,
            [
                of(name, f"{name} is distributed otherwise in test")
                for name in ("age", "city", "since", "member", EVIL, LONG, "remark")
            ],
            "7 of 9 columns are distributed otherwise in test than in train.",
        ),
        _found(
            "wrong_label",
            0.07,
            [row(20 + n, "labelled '>50K', probably '<=50K' (97 % sure)", "income") for n in range(30)],
            "30 of 1,000 labels are probably wrong.",
        ),
        _found(
            "uninformative_columns",
            0.7,
            [of("remark", "says nothing"), of(EVIL, "says nothing")],
            "7 of 10 columns say nothing.",
        ),
    ]


def _people(folder: Path, task: Task, label: str) -> Dataset:
    rng, start = np.random.default_rng(0), datetime(2019, 1, 1, tzinfo=UTC)
    lines = iter(range(2, 10_000))

    def person(split: str) -> dict[str, object]:
        rich, later = bool(rng.random() < 0.3), split == "test"
        number = next(lines)
        return {
            "income": ">50K" if rich else "<=50K",
            "age": 4711.0 if number == 17 else float(np.round(rng.normal(52 if later else 38, 11))),
            "city": None if rng.random() < 0.62 else str(rng.choice(["Bern", "Basel", "Zürich", EVIL, LONG])),
            "tax_code": str(rng.choice(["A1", "A2"] if rich else ["B1", "B2", "B7"])),
            "tax_paid": float(rng.normal(9000 if rich else 2500, 900)),
            "since": start + timedelta(days=int(rng.integers(0, 700)) + 300 * later),
            "member": bool(rng.random() < (0.8 if later else 0.4)),
            "remark": " ".join(
                rng.choice(["moved", "twice", "and", "never", "called", "back"], int(rng.integers(3, 60)))
            ),
            EVIL: float(rng.exponential(3.0)) - 3.0 * later,
            LONG: str(rng.choice(["x", "y"])),
            "__id__": f"people.csv:{number}",
            "__sha256__": hashlib.sha256(str(number).encode()).hexdigest(),
            "__ml_use__": "",
            "__faults__": [],
        }

    with DatasetWriter(folder, task, "people.csv", COLUMNS, label) as writer:
        for split, count in {"train": 1000, "validation": 200, "test": 200}.items():
            rows = pa.Table.from_pylist([person(split) for _ in range(count)], row_schema(COLUMNS))
            writer.add_rows(rows, split)
    return Dataset.open(folder)


def _image_findings() -> list[Finding]:
    def image(name: str, detail: str, **more: object) -> Case:
        return Case(name, f"import.jsonl:{name}", "train", detail, **more)  # pyright: ignore[reportArgumentType]

    proposal = PredictedBox("cat", 0.91, 0.55, 0.1, 0.9, 0.45)
    return [
        _found("undecodable_image", 1, [image("broken.png", "cannot be decoded: " + LONG)], "1 case among 13 images."),
        _found("box_out_of_range", 1, [image("scene-3.png", "box out of frame", box=1)], "1 case among 13 images."),
        _found(
            "split_overlap",
            3,
            [
                image(
                    f"scene-{n}.png",
                    f"nearly the same picture as scene-{n + 1}.png",
                    twin=("train", f"scene-{n + 1}.png"),
                )
                for n in range(3)
            ],
            "3 cases among 13 images.",
        ),
        _found(
            "too_few_per_label",
            6,
            [Case("", "", "train", f"label {LONG!r}: 6 boxes in train")],
            "1 of 3 labels is rare.",
        ),
        _found(
            "wrong_label",
            0.1,
            [image(f"scene-{n}.png", "labelled 'cat', probably 'dog' (93 % sure)", box=0) for n in range(8)],
            "8 of 26 labels (31 %) are probably wrong.",
        ),
        _found(
            "missing_box",
            2,
            [image(f"scene-{n}.png", "probably a 'cat' (91 % sure)", proposal=proposal) for n in range(2)],
            "2 cases among 13 images.",
        ),
        _found("dark_image", 1, [image("scene-5.png", "brightness 0.03, under 0.05")], "1 case among 13 images."),
        _found(
            "odd_aspect_ratio_image",
            3,
            [
                image(name, detail)
                for name, detail in (
                    ("tall.png", "20 x 1200 pixels: 60 times as high as wide"),
                    ("wide.png", "1200 x 20 pixels"),
                    ("icon.png", "8 x 8 pixels"),
                )
            ],
            "3 cases among 13 images.",
        ),
    ]


def _scenes(folder: Path) -> Dataset:
    rng = np.random.default_rng(1)
    boxes = [Box("cat", 0.12, 0.2, 0.45, 0.7), Box(LONG, 0.6, 0.55, 0.95, 0.9)]
    sizes = {f"scene-{n}.png": (320, 240) for n in range(10)}
    sizes |= {"tall.png": (20, 1200), "wide.png": (1200, 20), "icon.png": (8, 8)}
    with DatasetWriter(folder / "data", Task.OBJECT_DETECTION, "import.jsonl") as writer:
        for name, (width, height) in sizes.items():
            patches = rng.integers(60, 256, (5, 6, 3), np.uint8)
            data = io.BytesIO()
            Image.fromarray(patches).resize((width, height), Image.Resampling.BICUBIC).save(data, "PNG")
            (folder / name).write_bytes(data.getvalue())
            digest = hashlib.sha256(data.getvalue()).hexdigest()
            uri = str(folder / name)
            item = Item(name, uri, f"import.jsonl:{name}", digest, "", width, height, "0" * 16, [], list(boxes))
            writer.add(item, "train")
    return Dataset.open(folder / "data")
