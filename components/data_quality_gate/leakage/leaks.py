"""Leakage: columns that give the label away, found by what each says alone and by what is lost without it."""

from collections.abc import Generator, Iterator, Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray
from scipy.stats import mannwhitneyu
from threadpoolctl import threadpool_limits

from ...data.dataset import Dataset
from ...models.folder import ModelFolder
from ..findings import Case, Counterfactual, Finding, NotJudged, Outcome, finding
from . import alone
from .alone import Alone
from .model import out_of_fold
from .refit import Refit, headline, metrics_without, refit_sample
from .sample import TASKS, NotFittedError, Sample, draw_sample

RULE = "leakage"
# The skill alone from which on a column is a suspect, with a confidence of 99 %: of labels, and of numbers. Less is
# asked of a column that looks like the label, or that lies on a line with the number: few honest ones do.
_SUSPECT_CODE, _SUSPECT = 0.75, 0.9
_SUSPECT_LINE, _SUSPECT_ORDER = 0.98, 0.998
# A suspect leaks where it leaves at most this share unexplained of what all other columns leave, and that is some. It
# has to be more where several measures, and no codes, are suspects: they may be honest and alike, and then the others
# lose by their common absence.
_SHARE_LEFT = 1 / 3
_LEAST_LOSS, _LEAST_COMMON_LOSS = 0.03, 0.2
# Or where it is a code that is wrong about rows of any kind. What is measured errs where rows are hard to tell for
# other columns as well: then these sort its wrong rows from the right ones, so well (area under the curve) and hardly
# by chance.
_SORTED, _IMPROBABLE = 0.65, 0.05
_FEWEST_ROWS = 50
_MOST_COUNTERFACTUALS = 5


@dataclass(frozen=True, slots=True)
class Leaks:
    """The columns that give the label away, and what a model says without them.

    Attributes:
        columns: their names, the most telling first.
        refit: a model without these columns, where there are any or where the baseline does not tell what it thinks
            of each row; else None.
    """

    columns: tuple[str, ...] = ()
    refit: Refit | None = None


def leakage(data: Dataset, baseline: ModelFolder, seed: int) -> Generator[Outcome, None, Leaks]:
    """Yields the finding of `leakage`, or why it could not be judged; nothing where the task is not of a table.

    Returns:
        The leaks.
    """
    if data.task not in TASKS:
        return Leaks()
    try:
        sample = draw_sample(data, seed)
        leaks = find_leaks(sample)
        names = tuple(each.column for each in leaks)
        refitted = refit_sample(sample, names) if names or not _judges_rows(baseline) else None
    except NotFittedError as error:
        yield NotJudged(RULE, str(error))
        return Leaks()
    if refitted and names:
        yield from _finding(sample, leaks, refitted)
    return Leaks(names, refitted)


@threadpool_limits.wrap(limits=1)
def find_leaks(sample: Sample) -> list[Alone]:
    """Finds the columns that give the label away, the most telling first; none where there is but one column.

    A model without any of the suspects tells what the honest columns explain: so leaks that are copies of each other
    do not vouch for one another.
    """
    suspects = _suspects(sample)
    names = {each.column for each in suspects}
    if not suspects or not sample.used(names).any():
        return []
    others = out_of_fold(sample, sample.used(names))
    measures = names - {each.column for each in suspects if each.is_code}
    least_loss = _LEAST_LOSS if len(measures) < 2 else _LEAST_COMMON_LOSS
    found: dict[str, Alone] = {}
    for each in suspects:
        if _is_leak(each, sample, others, least_loss):
            found.setdefault(each.column, each)
    return list(found.values())


def _suspects(sample: Sample) -> list[Alone]:
    look = alone.of_numbers if sample.task.predicts_numbers else alone.of_labels
    code, other = (_SUSPECT_LINE, _SUSPECT_ORDER) if sample.task.predicts_numbers else (_SUSPECT_CODE, _SUSPECT)
    found = [each for name in sample.names for each in look(sample, name)]
    found = [each for each in found if each.least >= (code if each.is_code else other)]
    return sorted(found, key=lambda each: -each.skill)


def _is_leak(suspect: Alone, sample: Sample, others: NDArray[np.float64], least_loss: float) -> bool:
    """Judges by what models without any suspect say of the training rows, as `Model.predict`."""
    given = sample.splits["train"].given
    if not sample.labels:
        left = 1 - alone.explained(given[suspect.rows], others[suspect.rows, 0])
        return _tells_more(1 - suspect.skill, left, least_loss)
    predicted, sure = others.argmax(axis=1), others[np.arange(len(given)), given]
    if suspect.label is not None:
        given, predicted = given == suspect.label, predicted == suspect.label
    left = 1 - alone.kappa(given, predicted)
    if suspect.least >= _SUSPECT and _tells_more(1 - suspect.skill, left, least_loss):
        return True
    return suspect.is_code and len(given) >= _FEWEST_ROWS and _is_wrong_anywhere(suspect.wrong, sure)


def _tells_more(left_alone: float, left_by_others: float, least_loss: float) -> bool:
    return left_alone <= _SHARE_LEFT * left_by_others and left_by_others - left_alone >= least_loss


def _is_wrong_anywhere(wrong: NDArray[np.bool_], sure: NDArray[np.floating]) -> bool:
    """Whether rows that a column is wrong about are no harder for other columns (how sure they are of the label)."""
    if not wrong.any():
        return True
    test = mannwhitneyu(sure[~wrong], sure[wrong], alternative="greater")
    is_sorted = test.statistic > _SORTED * wrong.sum() * (~wrong).sum()
    return not (is_sorted and test.pvalue < _IMPROBABLE)


def _judges_rows(baseline: ModelFolder) -> bool:
    """Whether the baseline says of each row what a model thinks that has not seen it."""
    return (baseline.predictions("train") if baseline.task.predicts_numbers else baseline.label_probabilities).is_file()


def _finding(sample: Sample, leaks: Sequence[Alone], refitted: Refit) -> list[Finding]:
    columns = ", ".join(f"`{each.column}`" for each in leaks)
    are, each_says = ("column gives", "It says") if len(leaks) == 1 else ("columns give", "Each says")
    message = (
        f"{len(leaks)} {are} the label away: {columns}. {each_says} alone, on {refitted.rows:,} training rows out of "
        "fold, what all other columns together do not."
    )
    cases, without = [_case(sample, each) for each in leaks], list(_counterfactuals(sample, leaks, refitted))
    return [replace(each, counterfactuals=without) for each in finding(RULE, len(leaks), cases, message)]


def _case(sample: Sample, leak: Alone) -> Case:
    if not sample.labels:
        return Case(
            "", "", "train", f"{leak.how} alone explains {leak.skill:.1%} of the label's variance", column=leak.column
        )
    label = "the label" if leak.label is None else f"whether the label is {sample.labels[leak.label]!r}"
    detail = f"{leak.how} alone tells {label} in {1 - leak.wrong.mean():.1%} of {len(leak.wrong):,} rows"
    return Case("", "", "train", f"{detail} (kappa {leak.skill:.3f})", column=leak.column)


def _counterfactuals(sample: Sample, leaks: Sequence[Alone], refitted: Refit) -> Iterator[Counterfactual]:
    """Yields what each leak is worth: the model with it, but none of the other leaks, beside that without any."""
    metric = headline(refitted.metrics)
    tested = len(sample.splits["test"].given)
    for leak in leaks[:_MOST_COUNTERFACTUALS] if metric else ():
        others = refitted.without - {leak.column}
        before = metrics_without(sample, others)[metric]
        note = f"The gate's own model, fitted on {refitted.rows:,} rows and measured on {tested:,} test rows"
        note += f", without {', '.join(f'`{name}`' for name in sorted(others))} too." if others else "."
        yield Counterfactual(f"drop `{leak.column}`", metric, before, refitted.metrics[metric], note)
