"""Cron expressions of schedules."""

import pytest

from graduate.components.errors import InputError
from graduate.pipelines.cron import check_cron


@pytest.mark.parametrize(
    "expression",
    ["* * * * *", "*/15 0-6 1,15 JAN-MAR MON-FRI", "TZ=Europe/Berlin 0 6 * * 1", "CRON_TZ=UTC 0 6 * * 7"],
)
def test_a_cron_expression_of_the_service_is_taken(expression: str) -> None:
    check_cron(expression)


@pytest.mark.parametrize(
    ("expression", "message"),
    [
        ("", "five fields"),
        ("0 6 * *", "five fields"),
        ("0 24 * * *", "'24' is no hour, which takes 0 to 23"),
        ("0 6 0 * *", "'0' is no day of the month"),
        ("0 6 * 1,13 *", "'1,13' is no month"),
        ("*/0 6 * * *", "is no minute"),
        ("0 6 * * $(id)", "is no day of the week"),
        ("TZ=Mars/Base 0 6 * * *", "names no time zone"),
    ],
)
def test_any_other_is_refused_with_its_fault(expression: str, message: str) -> None:
    with pytest.raises(InputError) as caught:
        check_cron(expression)
    assert message in str(caught.value)
