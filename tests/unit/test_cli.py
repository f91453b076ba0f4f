"""The command line."""

import subprocess
import sys

import pytest

from graduate.pipelines.cli import ROOMS, app, main


def test_help_does_not_wait_for_kubeflow_or_any_model_library() -> None:
    heavy = "{'kfp', 'google.cloud.aiplatform', 'networkx', 'tensorflow', 'pandas'}"
    program = f"import sys, graduate.pipelines.cli; print({heavy} & set(sys.modules))"
    assert subprocess.check_output([sys.executable, "-c", program], text=True) == "set()\n"


@pytest.mark.parametrize("name", ROOMS)
def test_every_component_explains_its_options(name: str, capsys: pytest.CaptureFixture[str]) -> None:
    app(["component", name, "--help"], result_action="return_value")
    assert "[required]" in capsys.readouterr().out


def test_bad_input_is_one_sentence_and_exit_code_65(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(sys, "argv", ["graduate", "report", "no/such/run"])
    with pytest.raises(SystemExit) as ended:
        main()
    assert ended.value.code == 65
    assert capsys.readouterr().err == "error: no/such/run holds no run; give the --run-dir of a run.\n"
