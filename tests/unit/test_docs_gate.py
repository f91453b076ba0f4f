"""docs/gate.md lists the rules as the table of rules has them."""

import re
from pathlib import Path

from graduate.components.data_quality_gate.rules import RULES

PAGE = (Path(__file__).parents[2] / "docs" / "gate.md").read_text(encoding="utf-8")
RULES_OF_PAGE = PAGE[PAGE.index("## The rules") : PAGE.index("## Retraining")]


def test_every_rule_is_listed_in_the_gates_order_with_its_title_and_severity():
    rows = re.findall(r"^\| `(\w+)` \| (.+?) \| (\w+)", RULES_OF_PAGE, re.MULTILINE)
    assert rows == [(name, rule.title, rule.severity) for name, rule in RULES.items()]


def test_the_limits_are_those_of_the_rules():
    for name, rule in RULES.items():
        (row,) = re.findall(rf"^\| `{name}` .*$", RULES_OF_PAGE, re.MULTILINE)
        for limit in filter(None, (rule.threshold, rule.critical_threshold)):
            assert f"{limit:g}" in row
