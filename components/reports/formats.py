"""How numbers, sizes and times are written in pages and on the terminal."""

import math
from collections.abc import Callable, Sequence

_MISSING = "–"


def number(value: float | None, digits: int = 4) -> str:
    """`digits` significant digits, thousands apart; counts are written out in full.

    >>> number(0.81234), number(1797), number(12345.678), number(2.2e-8), number(None)
    ('0.8123', '1,797', '12,350', '2.2e-08', '–')
    """
    if value is None or math.isnan(value):
        return _MISSING
    if isinstance(value, int) or (value.is_integer() and abs(value) < 1e15):
        return f"{int(value):,}"
    if abs(value) < 1e-3:
        return f"{value:.2g}"
    rounded = float(f"{value:.{digits}g}")
    return f"{int(rounded):,}" if rounded.is_integer() and abs(rounded) >= 1000 else f"{rounded:,.{digits}g}"


def measured(value: float, ends: Sequence[float] | None = None) -> str:
    """A figure, with the ends of its interval where they are known.

    >>> measured(0.81234, [0.78911, 0.8311]), measured(0.81234)
    ('0.8123 (0.789 to 0.831)', '0.8123')
    """
    return f"{number(value)} ({number(ends[0], 3)} to {number(ends[1], 3)})" if ends else number(value)


def percent(share: float | None) -> str:
    """A share of 1 as a percentage.

    >>> percent(0.1234), percent(1.0), percent(None)
    ('12.3 %', '100 %', '–')
    """
    if share is None or math.isnan(share):
        return _MISSING
    return f"{round(100 * share, 1):g} %"


def size(number_of_bytes: int | None) -> str:
    """Bytes in binary units.

    >>> size(512), size(1536), size(3 * 1024**3), size(None)
    ('512 B', '1.5 KiB', '3.0 GiB', '–')
    """
    if number_of_bytes is None:
        return _MISSING
    amount = float(number_of_bytes)
    for unit in ("B", "KiB", "MiB", "GiB"):
        if amount < 1024:
            return f"{amount:.0f} B" if unit == "B" else f"{amount:.1f} {unit}"
        amount /= 1024
    return f"{amount:.1f} TiB"


def duration(seconds: float | None) -> str:
    """Seconds as people say them.

    >>> duration(0.42), duration(9.96), duration(75), duration(3725), duration(None)
    ('0.4 s', '10 s', '1 min 15 s', '1 h 2 min', '–')
    """
    if seconds is None:
        return _MISSING
    if seconds < 9.95:
        return f"{seconds:.1f} s"
    minutes, rest = divmod(round(seconds), 60)
    if not minutes:
        return f"{rest} s"
    hours, minutes_left = divmod(minutes, 60)
    return f"{hours} h {minutes_left} min" if hours else f"{minutes} min {rest} s"


def words(name: str) -> str:
    """A name of the code as a reader would say it.

    >>> words("deploy_baseline"), words("data-quality-gate")
    ('deploy baseline', 'data quality gate')
    """
    return name.replace("_", " ").replace("-", " ")


FILTERS: tuple[Callable[..., str], ...] = (number, measured, percent, size, duration, words)
