"""Empty texts and texts in the wrong encoding are found, and none in real languages."""

from pathlib import Path

import pytest
from tiny_tables import table_dataset

from graduate.components.data.items import Column, ColumnType, Task
from graduate.components.data_quality_gate.schema import texts as gate_texts
from graduate.components.data_quality_gate.schema.texts import encoding_fault, text_faults

COLUMNS = [Column("remark", ColumnType.TEXT), Column("mood", ColumnType.CATEGORY)]
CLEAN = [
    "Größe über Änderung, Maße – „so“ … 5 € für Öl",
    "L’été à Paris, où ça coûte 5 € ; œuvre naïve de François À L’ÉCOLE",
    "Съешь ещё этих мягких французских булок, да выпей же чаю №5",
    "敏捷的棕色狐狸跳过了懒狗。（测试）！",
    "すばやい茶色の狐はのろまな犬を飛び越える",
    "😀 wow 👍🏽 ❤️ 10‰ †‡",
    "Zażółć gęślą jaźń; příliš žluťoučký kůň; İstanbul'da ığdır",
    "Γαζίες καὶ μυρτιὲς δὲν θὰ βρῶ πιά",
    "مرحبا بالعالم שלום עולם नमस्ते",
    "20 °C ± 3 µm × 4, ½ £5 ¥100 ©®™ §4",
    "plain ASCII, “quoted”",
]


def faults(path: Path, texts: list[str | None], task: Task = Task.TEXT_CLASSIFICATION):
    rows = [{"remark": text, "mood": "good"} for text in texts]
    data = table_dataset(path, task, COLUMNS, rows, {"train": len(rows), "validation": 0, "test": 0})
    return {each.rule: each for each in text_faults(data)}


def test_real_languages_have_no_fault(tmp_path):
    assert faults(tmp_path, list(CLEAN)) == {}


@pytest.mark.parametrize("text", CLEAN[:5] + CLEAN[7:8])
@pytest.mark.parametrize("encoding", ["latin-1", "cp1252", "cp437"])
def test_utf8_read_as_another_encoding_is_found(text, encoding):
    assert encoding_fault(text.encode().decode(encoding, errors="replace"))


def test_an_encoding_fault_says_where_and_what_the_text_probably_is(tmp_path):
    found = faults(tmp_path, ["fine", "Die GrÃ¶ÃŸe stimmt", "caf\ufffd au lait"])["bad_encoding"]
    assert [(case.id, case.column) for case in found.cases] == [("table.csv:3", "remark"), ("table.csv:4", "remark")]
    assert "probably begins 'Die Größe stimmt'" in found.cases[0].detail
    assert "letters were lost" in found.cases[1].detail


def test_texts_without_letter_digit_or_symbol_are_empty(tmp_path):
    found = faults(tmp_path, ["fine", None, " \t", "...?!", "—", "4", "😀", "好"])["empty_text"]
    assert [case.id for case in found.cases] == [f"table.csv:{line}" for line in (3, 4, 5, 6)]
    assert found.cases[0].detail == "remark is missing"


def test_a_table_may_have_empty_texts_but_no_garbled_ones(tmp_path):
    assert list(faults(tmp_path, [None, "", "GrÃ¶ÃŸe"], Task.TABULAR_CLASSIFICATION)) == ["bad_encoding"]


def test_a_limited_look_is_said(tmp_path, monkeypatch):
    monkeypatch.setattr(gate_texts, "_MOST_LOOKED_AT", 1)
    found = faults(tmp_path, ["GrÃ¶ÃŸe", "GrÃ¶ÃŸe"])["bad_encoding"]
    assert len(found.cases) == 1
    assert "of which the first 1 texts" in found.message
