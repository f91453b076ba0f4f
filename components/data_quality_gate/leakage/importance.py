"""Importance: a column that decides almost alone, and columns that say nothing."""

import json
from collections.abc import Collection, Iterator, Sequence
from dataclasses import replace

from ...data.dataset import Dataset
from ...models.folder import ModelFolder
from ..findings import Case, Counterfactual, NotJudged, Outcome, finding
from ..rules import RULES
from . import alone
from .leaks import Leaks
from .refit import ColumnImportance, headline, metrics_without
from .sample import TASKS, NotFittedError, Sample, draw_sample

_DOMINANT, _UNINFORMATIVE = "dominant_column", "uninformative_columns"
# Of two columns, one is always ahead.
_FEWEST_COLUMNS = 3
# A column says nothing where its importance is within so many deviations of none and under this share of an even
# part, its skill alone is surely under this, and a model without all such columns loses no more than this of its
# metric.
_DEVIATIONS, _SHARE_OF_EVEN, _LEAST_SKILL, _MOST_LOSS = 2, 0.5, 0.05, 0.02


def importance(data: Dataset, baseline: ModelFolder, leaks: Leaks, seed: int) -> Iterator[Outcome]:
    """Yields the findings of `dominant_column` and `uninformative_columns`, or why they could not be judged.

    By the importance that the baseline has measured; where columns leak, by that of the refit without them. Nothing
    where the task is not of a table: of a forecast the importance is not of columns.
    """
    if data.task not in TASKS:
        return
    columns = leaks.refit.importance if leaks.refit and leaks.columns else _of_baseline(baseline)
    if not columns:
        why = f"The baseline {baseline.name} does not say how important each column is."
        yield from (NotJudged(rule, why) for rule in (_DOMINANT, _UNINFORMATIVE))
        return
    total = sum(max(each.importance, 0.0) for each in columns)
    if len(columns) < _FEWEST_COLUMNS or total <= 0:
        return
    dominates = _dominates(columns[0], total)
    silent = [each for each in reversed(columns) if _is_silent(each, total / len(columns))]
    are_most = len(silent) > RULES[_UNINFORMATIVE].threshold * len(columns)
    if not dominates and not are_most:
        return
    try:
        sample = draw_sample(data, seed)
    except NotFittedError as error:
        yield from (NotJudged(rule, str(error)) for rule in (_DOMINANT, _UNINFORMATIVE))
        return
    if dominates:
        yield from _dominant(sample, columns[0], total, leaks.columns)
    if are_most:
        yield from _uninformative(sample, silent, columns, leaks.columns)


def _of_baseline(baseline: ModelFolder) -> list[ColumnImportance]:
    """What the baseline says, the most important first; Vertex AI's attributions have no deviation."""
    if not baseline.importance.is_file():
        return []
    columns = json.loads(baseline.importance.read_text(encoding="utf-8"))["columns"]
    found = [
        ColumnImportance(each["column"], each["importance"], each.get("standard_deviation", 0.0)) for each in columns
    ]
    return sorted(found, key=lambda each: -each.importance)


def _dominates(column: ColumnImportance, total: float) -> bool:
    is_sure = column.importance > _DEVIATIONS * column.standard_deviation
    return is_sure and column.importance > RULES[_DOMINANT].threshold * total


def _dominant(sample: Sample, column: ColumnImportance, total: float, leaks: Collection[str]) -> Iterator[Outcome]:
    share, name = column.importance / total, column.column
    message = f"`{name}` has {share:.0%} of the importance of all columns to the model."
    cases = [Case("", "", "train", f"{share:.1%} of the importance", column=name)]
    without = _counterfactuals(sample, [name], leaks)
    yield from (replace(each, counterfactuals=without) for each in finding(_DOMINANT, share, cases, message))


def _uninformative(
    sample: Sample, silent: Sequence[ColumnImportance], columns: Sequence[ColumnImportance], leaks: Collection[str]
) -> Iterator[Outcome]:
    known = set(sample.names)
    silent = [each for each in silent if each.column not in known or _skill_alone(sample, each.column) < _LEAST_SKILL]
    share = len(silent) / len(columns)
    if share <= RULES[_UNINFORMATIVE].threshold:
        return
    without = _counterfactuals(sample, [each.column for each in silent], leaks)
    if any(each.before - each.after > _MOST_LOSS for each in without):
        return
    message = (
        f"{len(silent)} of {len(columns)} columns ({share:.0%}) say nothing: shuffled, each changes the predictions no "
        "more than chance does, and alone it does not tell the label."
    )
    cases = [Case("", "", "train", f"importance {each.importance:.3g}", column=each.column) for each in silent]
    found = finding(_UNINFORMATIVE, share, cases, message)
    yield from (replace(each, counterfactuals=without) for each in found)


def _is_silent(column: ColumnImportance, even: float) -> bool:
    is_small = column.importance <= _SHARE_OF_EVEN * even
    deviation = column.standard_deviation
    return is_small and (not deviation or column.importance <= _DEVIATIONS * deviation)


def _skill_alone(sample: Sample, column: str) -> float:
    look = alone.of_numbers if sample.task.predicts_numbers else alone.of_labels
    return max(each.least for each in look(sample, column))


def _counterfactuals(sample: Sample, columns: Collection[str], leaks: Collection[str]) -> list[Counterfactual]:
    """What a model without the columns reaches, if anything is left to measure."""
    before, after = metrics_without(sample, leaks), metrics_without(sample, {*leaks, *columns})
    metric = headline(after)
    if not metric:
        return []
    change = f"drop `{next(iter(columns))}`" if len(columns) == 1 else f"drop these {len(columns)} columns"
    rows, tested = (len(sample.splits[split].given) for split in ("train", "test"))
    note = f"The gate's own model, fitted on {rows:,} rows and measured on {tested:,} test rows."
    return [Counterfactual(change, metric, before[metric], after[metric], note)]
