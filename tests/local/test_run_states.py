"""How a local run ends, and what its folder then holds."""

from pathlib import Path

import pytest

from graduate.components.errors import InputError
from graduate.pipelines.local_run import run
from graduate.pipelines.run_record import RunRecord, State
from graduate.pipelines.terminal import Terminal


def run_toy(toy_file: Path, source: Path, **settings: object) -> RunRecord:
    values = [f"source={source}", *(f"{name}={value}" for name, value in settings.items())]
    return run(toy_file, source.parent / "runs" / "first", values, Terminal())


def states(record: RunRecord) -> dict[str, State]:
    return {name: step.state for name, step in record.steps.items()}


def attempts(source: Path) -> int:
    return len(Path(f"{source}.attempts").read_text().split())


def test_a_run_takes_the_branch_it_was_told_and_says_that_the_others_were_skipped(toy_file: Path, source: Path) -> None:
    record = run_toy(toy_file, source, decision="deploy_baseline")
    assert record.state is State.SUCCEEDED
    assert states(record) == {
        "read-data": State.SUCCEEDED,
        "choose": State.SUCCEEDED,
        "train": State.SKIPPED,
        "convert": State.SKIPPED,
        "convert-2": State.SUCCEEDED,
        "report-status": State.SUCCEEDED,
    }
    assert record.steps["train"].reason == "It runs only if choose is graduate."


def test_every_artifact_lies_in_a_folder_named_after_its_step(toy_file: Path, source: Path) -> None:
    folder = run_toy(toy_file, source).folder
    assert (folder / "read-data" / "dataset" / "rows.txt").read_text() == "1\n2\n3\n"
    assert (folder / "train" / "model" / "weights.txt").read_text() == "0.5"
    assert (folder / "convert" / "page.html").read_text() == "<p>converted</p>"
    assert (folder / "pipeline.yaml").read_bytes() == toy_file.read_bytes()


def test_a_tasks_words_are_shown_and_kept_in_its_log(
    toy_file: Path, source: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    record = run_toy(toy_file, source)
    shown = capsys.readouterr().out
    assert "Read the data │ read 3 rows" in shown
    assert "KFP" not in shown
    assert "read 3 rows" in (record.folder / record.steps["read-data"].log).read_text()


def test_bad_input_is_not_tried_again_and_its_sentence_is_the_reason(toy_file: Path, source: Path) -> None:
    Path(f"{source}.bad").touch()
    record = run_toy(toy_file, source)
    assert record.state is State.FAILED
    assert attempts(source) == 1
    assert record.reason == "Train a model: row 3 has no label"


def test_another_failure_is_tried_again_as_often_as_the_pipeline_says(toy_file: Path, source: Path) -> None:
    Path(f"{source}.broken").touch()
    record = run_toy(toy_file, source)
    assert attempts(source) == 3
    assert record.steps["train"].reason == "RuntimeError: the disk is full"


def test_after_a_failure_later_steps_are_skipped_but_the_exit_task_runs(toy_file: Path, source: Path) -> None:
    Path(f"{source}.bad").touch()
    record = run_toy(toy_file, source)
    assert record.steps["convert"].state is State.SKIPPED
    assert record.steps["convert"].reason == "It needs 'Train a model', which did not succeed."
    assert "the pipeline failed" in (record.folder / record.steps["report-status"].log).read_text()


def test_a_failed_run_goes_on_without_repeating_finished_steps(
    toy_file: Path, source: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    bad = Path(f"{source}.bad")
    bad.touch()
    run_toy(toy_file, source)
    bad.unlink()
    record = run_toy(toy_file, source)
    assert record.state is State.SUCCEEDED
    assert record.steps["read-data"].state is State.REUSED
    assert record.steps["train"].state is State.SUCCEEDED
    assert "Read the data not repeated" in capsys.readouterr().out
    assert (record.folder / "read-data" / "dataset" / "rows.txt").exists()
    assert "read 3 rows" in (record.folder / record.steps["read-data"].log).read_text()


def test_a_changed_input_file_is_read_again(toy_file: Path, source: Path) -> None:
    run_toy(toy_file, source)
    source.write_text("4\n")
    record = run_toy(toy_file, source)
    assert record.steps["read-data"].state is State.SUCCEEDED
    assert (record.folder / "read-data" / "dataset" / "rows.txt").read_text() == "4\n"


def test_the_word_for_a_location_is_not_looked_for_as_a_file(toy_file: Path, source: Path) -> None:
    record = run_toy(toy_file, source, weights="imagenet")
    assert record.state is State.SUCCEEDED
    assert record.identity["parameters"]["weights"] == "imagenet"
    assert list(record.identity["inputs"]) == ["source"]


def test_a_run_with_other_parameters_is_moved_aside(
    toy_file: Path, source: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    run_toy(toy_file, source, decision="fix_data")
    record = run_toy(toy_file, source, decision="deploy_baseline")
    aside = record.folder.with_name("first.previous-1")
    assert RunRecord.read(aside).identity["parameters"]["decision"] == "fix_data"
    assert RunRecord.read(record.folder).identity["parameters"]["decision"] == "deploy_baseline"
    assert "it is now first.previous-1" in capsys.readouterr().out


def test_a_folder_that_holds_no_run_is_left_alone(toy_file: Path, source: Path) -> None:
    mine = source.parent / "runs" / "first" / "mine.txt"
    mine.parent.mkdir(parents=True)
    mine.touch()
    with pytest.raises(InputError, match="holds something that is not a run"):
        run_toy(toy_file, source)
    assert [file.name for file in mine.parent.iterdir()] == ["mine.txt"]


def test_nothing_is_started_where_a_parameter_is_wrong(toy_file: Path, source: Path) -> None:
    with pytest.raises(InputError, match="did you mean 'graduate'"):
        run_toy(toy_file, source, decision="gradaute")
    assert not (source.parent / "runs").exists()
