"""Cron expressions as Vertex AI's schedules take them, checked before one is created.

Written by hand because the locked dependencies hold no cron library, and the service says only "invalid cron".
"""

import re
import zoneinfo

from ..components.errors import InputError

_FIELDS = {
    "minute": range(60),
    "hour": range(24),
    "day of the month": range(1, 32),
    "month": range(1, 13),
    "day of the week": range(8),
}
# A star, a value, or a range of values (numbers, or names such as MON), each with an optional step.
_PART = re.compile(r"(?:\*|(?P<first>\w+)(?:-(?P<last>\w+))?)(?:/[1-9]\d*)?", re.ASCII)


def check_cron(expression: str) -> None:
    """Checks a cron expression of five fields, with an optional prefix `TZ=ZONE` or `CRON_TZ=ZONE`.

    Args:
        expression: such as "0 6 * * MON" or "TZ=Europe/Berlin 30 2 1 * *".

    Raises:
        InputError: the field that is wrong, and what it takes.
    """
    fields = expression.split()
    if fields and "TZ=" in fields[0]:
        zone = fields.pop(0)
        if zone.removeprefix("CRON_").removeprefix("TZ=") not in zoneinfo.available_timezones():
            raise InputError(f"Cron expression {expression!r}: {zone!r} names no time zone of the IANA database.")
    if len(fields) != len(_FIELDS):
        raise InputError(f"Cron expression {expression!r} must have the five fields {', '.join(_FIELDS)}.")
    for text, (name, allowed) in zip(fields, _FIELDS.items(), strict=True):
        if not all(_fits(part, allowed) for part in text.split(",")):
            raise InputError(
                f"Cron expression {expression!r}: {text!r} is no {name}, which takes {allowed[0]} to {allowed[-1]}."
            )


def _fits(part: str, allowed: range) -> bool:
    match = _PART.fullmatch(part)
    values = match.groupdict().values() if match else ()
    return match is not None and all(int(value) in allowed for value in values if value and value.isdigit())
