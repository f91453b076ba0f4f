"""Pictures of the worst cases of each finding about images."""

from collections.abc import Iterable, Iterator, Sequence
from typing import Any

from ...data.dataset import Dataset
from ...data.items import SPLITS, Item
from ..findings import Case, Finding, ids_by_split
from .close_up import picture, whole_picture
from .names import short

# A page of at most about so many pictures stays under a few megabytes.
MOST_PICTURES = 60
MOST_PICTURES_PER_FINDING = 12
_LONGEST_CAPTION = 300


def pictures(data: Dataset, findings: Sequence[Finding]) -> dict[str, list[dict[str, Any]]]:
    """Arguments of the macro `picture` by rule; of twins, the earlier one stands before the case that repeats it."""
    pictured = sum(any(case.id for case in finding.cases) for finding in findings)
    share = min(MOST_PICTURES_PER_FINDING, max(MOST_PICTURES // max(pictured, 1), 2))
    shown = {each.rule: _worst(each, share) for each in findings}
    items = _items(data, (case for cases in shown.values() for case in cases))
    return {rule: [drawn for case in cases for drawn in _pictures(items, case)] for rule, cases in shown.items()}


def _worst(finding: Finding, share: int) -> list[Case]:
    """The cases that this many pictures can show: a pair of twins takes two."""
    cases = [case for case in finding.cases[: 10 * share] if case.id]
    return cases[: share // 2 if cases and cases[0].twin else share]


def _pictures(items: dict[tuple[str, str], Item], case: Case) -> Iterator[dict[str, Any]]:
    item, twin = items.get((case.split, case.id)), items.get(case.twin or ("", ""))
    if item is None:  # an image that could not be read
        return
    if twin and case.twin:
        yield whole_picture(twin, short(f"{twin.id} ({case.twin[0]})", _LONGEST_CAPTION))
    yield picture(item, case, short(f"{item.id}: {case.detail}", _LONGEST_CAPTION))


def _items(data: Dataset, cases: Iterable[Case]) -> dict[tuple[str, str], Item]:
    wanted = ids_by_split(cases)
    return {
        (split, item.id): item
        for split in SPLITS
        if split in wanted
        for item in data.items(split)
        if item.id in wanted[split]
    }
