"""What the gate looks for in data of each kind, for the list of what it did not find."""

from collections.abc import Collection, Mapping

from ...data.items import Task
from ..rules import RULES

# The steps of the gate's order, by their first rule in the table of rules.
_STEPS = {
    "undecodable_image": "Schema and types",
    "duplicate": "Duplicates and overlap of the splits",
    "too_few_per_label": "Balance of the labels",
    "leakage": "Leakage and importance",
    "wrong_label": "Label errors",
    "drift": "Drift",
}
_ALL = frozenset(Task)
_BOXES, _SERIES = frozenset({Task.OBJECT_DETECTION}), frozenset({Task.TABULAR_FORECASTING})
_IMAGES = _BOXES | {Task.IMAGE_CLASSIFICATION}
_ROWS = _ALL - _IMAGES
_MODELLED = frozenset({Task.TABULAR_CLASSIFICATION, Task.TABULAR_REGRESSION})
_CLASSES = frozenset(task for task in Task if not task.predicts_numbers)
_RULES_IN = (
    (_ALL, ("rejected_record", "label_missing", "no_test_items", "drift")),
    (_IMAGES, ("undecodable_image", "unreadable_file", "too_large", "bad_annotation", "no_annotation", "not_listed")),
    (_IMAGES, ("large_file", "dark_image", "light_image", "blurry_image", "low_information_image")),
    (_IMAGES, ("odd_size_image", "odd_aspect_ratio_image")),
    (_BOXES, ("crowd", "box_order", "box_degenerate", "box_out_of_range", "box_empty_label", "duplicate_box")),
    (_BOXES, ("tiny_box", "missing_box", "misplaced_box")),
    (_ROWS, ("bad_row", "type_break", "schema_break", "new_column", "mixed_types", "new_category", "range_break")),
    (_ROWS, ("missing_values", "constant_column", "id_column", "bad_encoding")),
    (_SERIES, ("short_series", "duplicate_time", "gap", "time_leakage")),
    (frozenset({Task.TEXT_CLASSIFICATION}), ("empty_text",)),
    (_ALL - _SERIES, ("duplicate", "near_duplicate", "split_overlap")),
    (_CLASSES - _BOXES, ("contradiction",)),
    (_CLASSES, ("too_few_per_label", "class_imbalance", "wrong_label")),
    (_MODELLED, ("leakage", "uninformative_columns", "outlier")),
    (_MODELLED | _SERIES, ("dominant_column",)),
    (frozenset({Task.TABULAR_REGRESSION}), ("wrong_value",)),
)
# The tasks whose data can break a rule.
TASKS_OF = {rule: tasks for tasks, rules in _RULES_IN for rule in rules}


def not_found(task: Task, found: Collection[str], not_judged: Collection[str]) -> dict[str, list[str]]:
    """Titles of the rules that were looked for and held, by step of the gate's order."""
    steps: dict[str, list[str]] = {}
    step = ""
    for rule, entry in RULES.items():
        step = _STEPS.get(rule, step)
        if task in TASKS_OF.get(rule, ()) and rule not in found and rule not in not_judged:
            steps.setdefault(step, []).append(entry.title)
    return steps


def by_reason(not_judged: Mapping[str, str]) -> dict[str, list[str]]:
    """Titles of the rules that could not be judged, by the reason: often many have the same."""
    reasons: dict[str, list[str]] = {}
    for rule, reason in not_judged.items():
        reasons.setdefault(reason, []).append(RULES[rule].title)
    return reasons
