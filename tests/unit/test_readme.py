"""The README's commands exist, with the options that it gives them."""

import re
import shlex
from pathlib import Path

import pytest

from graduate.pipelines.cli import app

ROOT = Path(__file__).parents[2]
README = (ROOT / "README.md").read_text(encoding="utf-8")
COMMANDS = re.findall(r"^    graduate (.+?)(?:\s+#.*)?$", README, re.MULTILINE)
TARGETS = re.findall(r"^    make (\w[\w-]*)", README, re.MULTILINE)


@pytest.mark.parametrize("command", COMMANDS)
def test_a_command_of_the_readme_is_understood(command):
    words = [word for word in shlex.split(command) if word != "..."]
    app.parse_args(words, exit_on_error=False, print_error=False)


@pytest.mark.parametrize("target", TARGETS)
def test_a_target_of_the_readme_is_in_the_makefile(target):
    assert re.search(rf"^{target}:", (ROOT / "Makefile").read_text(encoding="utf-8"), re.MULTILINE)


def test_the_readme_names_commands_and_targets():
    assert len(COMMANDS) >= 4
    assert set(TARGETS) == {"demo", "test"}
