"""Names of the user's own, which can be of any length."""

_LONGEST = 40


def short(name: str, longest: int = _LONGEST) -> str:
    """A name that fits where there is little room.

    >>> short("age"), short("a" * 99, 8)
    ('age', 'aaaaaaa…')
    """
    return name if len(name) <= longest else f"{name[: longest - 1]}…"
