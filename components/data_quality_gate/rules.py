"""The gate's rules in one table: how grave each is, where its limit lies, and what to do about it."""

import difflib
from dataclasses import dataclass
from typing import Literal

from ..errors import InputError

Severity = Literal["critical", "warning", "info"]
SEVERITIES: tuple[Severity, ...] = ("critical", "warning", "info")


@dataclass(frozen=True)
class Rule:
    """What the gate looks for, and what a find means.

    Attributes:
        title: for people, such as "Wrong label".
        advice: what to do, one sentence.
        severity: of a measured value beyond `threshold`.
        threshold: the last value that is no find.
        critical_threshold: the value beyond which a find is critical, where that depends on the value.
        lower_is_worse: whether "beyond" means below.
        unit: of the measured value.
    """

    title: str
    advice: str
    severity: Severity = "warning"
    threshold: float = 0
    critical_threshold: float | None = None
    lower_is_worse: bool = False
    unit: str = "cases"

    def severity_of(self, measured: float) -> Severity | None:
        """How grave a measured value is, or None where it is no find."""
        if not self._is_beyond(measured, self.threshold):
            return None
        if self.critical_threshold is not None and self._is_beyond(measured, self.critical_threshold):
            return "critical"
        return self.severity

    def limit_of(self, severity: Severity) -> float:
        """The threshold that a find of this severity is beyond."""
        if severity == "critical" and self.critical_threshold is not None:
            return self.critical_threshold
        return self.threshold

    def _is_beyond(self, measured: float, threshold: float) -> bool:
        return measured < threshold if self.lower_is_worse else measured > threshold


# In the order in which the gate looks.
RULES: dict[str, Rule] = {
    # Schema and types: what the importer marked or could not read.
    "undecodable_image": Rule("Image that cannot be decoded", "Export these images again, or take them out."),
    "unreadable_file": Rule("File that cannot be read", "Mend the path or the permission, or take the line out."),
    "too_large": Rule("Image too large", "Scale these images down."),
    "bad_row": Rule("Line that cannot be read", "Mend these lines of the file."),
    "bad_annotation": Rule("Annotation that cannot be read", "Mend these annotations or export them again."),
    "no_annotation": Rule("Image without annotation", "Annotate these images, or take them out."),
    "not_listed": Rule("Image in no split's list", "List these images in a split if they are to be used.", "info"),
    "crowd": Rule("Crowd region", "Box the single objects in these regions if they matter.", "info"),
    "rejected_record": Rule("Record that cannot be used", "Mend these records as their details say."),
    "short_series": Rule("Series too short", "Add earlier rows to these series, or take a shorter horizon."),
    "duplicate_time": Rule("Time that is already taken in its series", "Keep one row of each series and time."),
    "gap": Rule("Gap in a series", "Add the rows that are missing; until then their values count as missing."),
    "label_missing": Rule("No label", "Label these items, or take them out."),
    "type_break": Rule("Value of the wrong type", "Mend these values; until then they count as missing."),
    "box_order": Rule("Box with minimum above maximum", "Swap its edges; until then the box is not used."),
    "box_degenerate": Rule("Box below one pixel", "Draw it again; until then the box is not used."),
    "box_out_of_range": Rule("Box out of frame", "Check it; until then only its part in the frame is used."),
    "box_empty_label": Rule("Box without label", "Name what is in it; until then the box is not used."),
    "duplicate_box": Rule("Same box twice", "Keep one of each: the copy counts as an object that is never found."),
    "tiny_box": Rule("Tiny box", "Check that these are objects and not slips of the mouse.", "info"),
    # The service's own limit: https://docs.cloud.google.com/vertex-ai/docs/image-data/classification/prepare-data
    "large_file": Rule("Image file over 30 MB", "Scale these images down: the service takes no larger ones."),
    # Schema and types: what the gate measures.
    "no_test_items": Rule(
        "Nothing to measure on", "Label items of the test split, or let the split be made.", severity="critical"
    ),
    "schema_break": Rule(
        "Schema broken",
        "Mend what makes the data, or accept the new schema by name.",
        severity="critical",
    ),
    "new_column": Rule("New column", "Nothing, if it is meant: the reference does not have it.", "info"),
    "mixed_types": Rule(
        "Numbers or dates, mixed with other values",
        "Mend the other values; until then they all count as categories.",
    ),
    "new_category": Rule("Category that the reference does not have", "Check the spelling of these categories."),
    "range_break": Rule("Value out of range", "Check these values: units, signs and slips of the decimal point."),
    "missing_values": Rule(
        "Many missing values", "Fill the column, or drop it.", threshold=0.5, unit="of the rows of a column"
    ),
    "constant_column": Rule("Column without information", "Drop the column: all its values are the same."),
    "id_column": Rule("Column that numbers the rows", "Drop the column: it says which row it is, nothing more."),
    "empty_text": Rule("Empty text", "Write the text, or take the row out."),
    "bad_encoding": Rule("Text in the wrong encoding", "Export the text again as UTF-8."),
    "dark_image": Rule("Dark image", "Look whether its objects can be seen."),
    "light_image": Rule("Overexposed image", "Look whether its objects can be seen."),
    "blurry_image": Rule("Blurred image", "Look whether its objects can be told apart."),
    "low_information_image": Rule("Image with nothing in it", "Look whether it shows anything."),
    "odd_size_image": Rule("Image of odd size", "Check that it is no icon or scan that came along."),
    "odd_aspect_ratio_image": Rule("Image of odd aspect ratio", "Check that it is no strip that came along."),
    # Duplicates and overlap.
    "duplicate": Rule("Same item twice in a split", "Keep one of each; the copies only add weight."),
    "near_duplicate": Rule("Nearly the same item twice in a split", "Keep one of each, unless both are meant."),
    "contradiction": Rule("Same item with different labels", "Decide which label is right."),
    "split_overlap": Rule(
        "Same item in two splits",
        "Keep all copies of an item in one split: a model must not be measured on what it was trained on.",
        severity="critical",
    ),
    # What AutoML needs at least, and what it recommends:
    # https://docs.cloud.google.com/vertex-ai/docs/image-data/classification/prepare-data
    "too_few_per_label": Rule(
        "Too few examples of a label",
        "Collect more of these labels, or merge or drop them.",
        threshold=1000,  # of images; `labels.balance` says what it is elsewhere
        critical_threshold=10,
        lower_is_worse=True,
        unit="examples of the rarest label in train",
    ),
    "class_imbalance": Rule(
        "Labels out of balance",
        "Collect more of the rare labels, or judge by a metric that counts every label alike.",
        threshold=10,
        unit="times as many of the commonest label as of the rarest",
    ),
    # Leakage and importance.
    "leakage": Rule(
        "Column that gives the label away",
        "Drop the column if it is not known when a prediction is asked for.",
        severity="critical",
        unit="columns",
    ),
    "time_leakage": Rule(
        "Future in the training data",
        "Train on what was known before the time that is predicted.",
        severity="critical",
    ),
    "dominant_column": Rule(
        "Column that decides almost alone",
        "Check that it is known when a prediction is asked for.",
        threshold=0.8,
        unit="of the importance of all columns, or of the changes of a forecast's target",
    ),
    "uninformative_columns": Rule(
        "Most columns say nothing",
        "Drop these columns, or look for better ones.",
        threshold=0.5,
        unit="of the columns",
    ),
    # Label errors.
    "wrong_label": Rule(
        "Probably a wrong label",
        "Look at each, and correct those that are wrong.",
        critical_threshold=0.1,
        unit="of all labels",
    ),
    "wrong_value": Rule("Probably a wrong number to predict", "Look at each, and correct those that are wrong."),
    "outlier": Rule("Item unlike all others", "Look whether it belongs to the data.", "info"),
    "missing_box": Rule("Probably a missing box", "Look at each, and box what was left out."),
    "misplaced_box": Rule("Probably a misplaced box", "Look at each, and draw it again."),
    # Drift.
    "drift": Rule(
        "Drift",
        "Find out what has changed: a model trained on the one is used on the other.",
        threshold=0.1,
        unit="of 1, as the distance between two distributions",
    ),
}


def accepted_rules(names: str) -> frozenset[str]:
    """The rules that the user accepts.

    Args:
        names: separated by commas.

    Raises:
        InputError: one is unknown; the nearest rule is named.
    """
    accepted = frozenset(name.strip() for name in names.split(",") if name.strip())
    for name in sorted(accepted - RULES.keys()):
        near = difflib.get_close_matches(name, RULES, n=1, cutoff=0.5)
        hint = f"did you mean {near[0]!r}?" if near else f"the rules are {', '.join(RULES)}."
        raise InputError(f"accept names an unknown rule {name!r}: {hint}")
    return accepted
