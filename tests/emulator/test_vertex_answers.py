"""What the service writes, in both namings and any order, sorted into a line per record."""

import json
from pathlib import Path
from typing import Any

import pytest

from graduate.components.batch_predict.vertex.answered import Answered
from graduate.components.batch_predict.vertex.wording import Asked, KeyedWording

DETECTED = {"displayNames": ["cat"], "confidences": [1.0], "bboxes": [[0.0, 1.0, 0.25, 0.5]]}


def answers(folder: Path, files: dict[str, list[Any]]) -> Answered:
    """Of files whose lines are JSON values, or text as it is."""
    folder.mkdir()
    for name, lines in files.items():
        text = [line if isinstance(line, str) else json.dumps(line) for line in lines]
        (folder / name).write_text("\n".join(text) + "\n")
    read = Answered(folder.parent / "answers", KeyedWording())
    read.read(str(folder))
    return read


def line(found: Answered, number: int) -> dict[str, Any]:
    return found.line(Asked(number, f"record {number}", {"source": "a"}, {}))


@pytest.mark.parametrize(
    ("said", "meant"),
    [
        # JSON as the service writes it anew.
        ({"ids": ["0"], "bboxes": [[0, 1, 0.25, 0.5]], "confidences": [1], "displayNames": ["cat"]}, DETECTED),
        (
            {"classes": ["a", "b"], "scores": [0.25, 0.75]},
            {"displayNames": ["b", "a"], "confidences": [0.75, 0.25]},
        ),
        (
            {"bboxes": [], "displayNames": [], "confidences": []},
            {"displayNames": [], "confidences": [], "bboxes": []},
        ),
        ({"value": 3}, {"value": 3.0}),
        ({"outputs": {"scores": [[1, 2]]}}, {"outputs": {"scores": [[1, 2]]}}),
    ],
)
def test_a_prediction_has_our_shape_to_the_byte(tmp_path: Path, said: dict[str, Any], meant: dict[str, Any]) -> None:
    found = answers(tmp_path / "out", {"prediction.results-00000-of-00001": [{"prediction": said, "key": "7"}]})

    expected = {"key": "record 7", "instance": {"source": "a"}, "prediction": meant}
    assert json.dumps(line(found, 7)) == json.dumps(expected)


@pytest.mark.parametrize(
    ("said", "code", "message"),
    [
        ({"prediction": {"error": {"code": 3, "message": "no image"}}}, 3, "no image"),
        ({"error": {"code": 13, "message": "broken"}}, 13, "broken"),
        ({"error": {"status": "INTERNAL", "message": "broken"}}, 13, "broken"),
        ({"error": "broken"}, 13, "broken"),
        ({"error": {"code": None, "message": "broken"}}, 13, "broken"),
        ({"error": {"code": "NOT_FOUND", "message": "broken"}}, 13, "broken"),
        ({"prediction": {"outputs": [1]}}, 13, "no form that is known"),
        ({"prediction": {"outputs": {"scores": "text"}}}, 13, "no form that is known"),
        ({"prediction": {"value": float("nan")}}, 13, "not finite"),
        ({"prediction": [0.5]}, 13, "no form that is known"),
        ({"prediction": {"displayNames": ["a"], "confidences": []}}, 13, "no form that is known"),
        ({"prediction": None}, 13, "no form that is known"),
    ],
)
def test_whatever_is_no_prediction_is_an_error(tmp_path: Path, said: dict[str, Any], code: int, message: str) -> None:
    found = answers(tmp_path / "out", {"errors_00001.jsonl": [{"key": "0", **said}]})

    error = line(found, 0)["error"]
    assert error["code"] == code
    assert message in error["message"]


@pytest.mark.parametrize("names", [("a", "b"), ("b", "a")])
def test_of_several_answers_a_prediction_counts_whichever_comes_first(tmp_path: Path, names: tuple[str, str]) -> None:
    failed = {"key": "1", "error": {"code": 13, "message": "the first try"}}
    good = {"key": "1", "prediction": {"value": 2.0}}
    found = answers(tmp_path / "out", {names[0]: [failed], names[1]: [good]})

    assert line(found, 1)["prediction"] == {"value": 2.0}


def test_lines_of_no_record_and_half_lines_are_no_answers(tmp_path: Path) -> None:
    lines = [{"instance": {}, "prediction": {"value": 1}}, '{"key": "1", "prediction": {"val', {"key": "2"}, [1], "{}"]
    found = answers(tmp_path / "out", {"prediction.results-0": lines})

    assert len(found) == 1
    assert "gave no answer" in line(found, 1)["error"]["message"]
    assert "no form that is known" in line(found, 2)["error"]["message"]


def test_what_has_no_answer_is_told_with_what_was_said_of_failed_requests(tmp_path: Path) -> None:
    said = "('Post request fails. Cannot get predictions. Error: Exceeded retries.', 16)"
    found = answers(tmp_path / "out", {"prediction.errors_stats-00000-of-00001": [said], "prediction.results-0": []})

    assert len(found) == 0
    assert "gave no answer" in line(found, 3)["error"]["message"]
    assert said in line(found, 3)["error"]["message"]
