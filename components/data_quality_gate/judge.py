"""The gate: what is wrong with the data, how good the baseline is on it, and so what to do."""

import json
from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path

from ..data.dataset import Dataset
from ..data.storage import write_atomically
from ..errors import InputError
from ..models import label_probabilities
from ..models.folder import ModelFolder
from ..models.label_probabilities import LabelProbabilities
from ..models.metrics import default_metric
from ..reports.page import render, write_page
from .drift.drift import drift
from .drift.image_drift import image_drift
from .duplicates.copies import duplicates_and_overlap
from .findings import Finding, NotJudged, Outcome, finding, marked
from .labels.balance import balance
from .labels.misplaced_boxes import misplaced_boxes
from .labels.missing_boxes import missing_boxes
from .labels.outliers import outliers
from .labels.places import predicted_places
from .labels.wrong_labels import unexplained, wrong_labels
from .labels.wrong_values import baseline_values, wrong_values
from .leakage.importance import importance
from .leakage.leaks import Leaks, leakage
from .leakage.time import time_leakage
from .naive import naive_metrics
from .page.evidence import page_context
from .rules import accepted_rules
from .schema import profile as profiles
from .schema.box_shapes import box_shapes
from .schema.breaks import schema_breaks
from .schema.image_properties import measure_images
from .schema.image_quality import UNSEEN, image_quality
from .schema.marks import schema_and_types
from .schema.profile import Profile
from .schema.texts import text_faults
from .schema.values import values
from .standing import DEPLOY_ABOVE, FIX_BELOW, Standing, Target, checked_measure, standing
from .verdict import AUTO, Verdict, checked_decision, decide


def judge(
    dataset: str,
    baseline: str,
    output: str,
    page: str,
    target_metric: str = "",
    target_value: float = 0.0,
    judge_by: str = "skill",
    fix_below: float = FIX_BELOW,
    deploy_above: float = DEPLOY_ABOVE,
    reference: str = "",
    accept: str = "",
    decision: str = AUTO,
    seed: int = 0,
) -> Verdict:
    """Judges a data set by its own faults and by the baseline that was trained on it.

    Args:
        dataset: the data set's folder.
        baseline: the baseline's model folder, with predictions and label probabilities.
        output: folder to write verdict.json, findings.jsonl and profile.json to.
        page: file to write the page (HTML) to.
        target_metric: ap, ap50, ap75; accuracy, log_loss, macro_f1, roc_auc; map, micro_f1, macro_f1 (several labels);
            rmse, mae or r2. "" for the task's usual one: ap50, accuracy, map or rmse.
        target_value: what the metric should reach; 0 where nobody knows: then its best value stands in (1, or 0 where
            lower is better), and only a baseline that is hardly better than guessing condemns the data.
        judge_by: `skill`, (metric - naive) / (target - naive), or `ratio`, metric / target.
        fix_below: share of the target under which the data are to be mended.
        deploy_above: share of the target above which the baseline may be shipped.
        reference: profile.json of an earlier verdict, a local path or gs:// URI, to hold the table against; "" for
            none.
        accept: rules whose critical findings do not stop, separated by commas.
        decision: auto; or fix_data, graduate or deploy_baseline to force it.
        seed: of the gate's own models and samples.

    Returns:
        The verdict as written.

    Raises:
        InputError: a parameter names something unknown, the target is none, the reference is no profile, or the
            baseline is of other data.
    """
    accepted, decision = accepted_rules(accept), checked_decision(decision)
    target = Target(target_metric, target_value, checked_measure(judge_by), fix_below, deploy_above)
    earlier = profiles.read(reference) if reference else None
    data, model = Dataset.open(dataset), ModelFolder.open(baseline)
    if model.dataset_digests != data.digests:
        raise InputError(f"the baseline {model.name} was trained on other data than {dataset}: train it again on this.")
    place = _standing(data, model, target)
    _say("schema and types")
    profile = profiles.profile(data)
    outcomes = [*_measurable(place), *_examine(data, model, profile, earlier, seed)]
    findings = marked((each for each in outcomes if isinstance(each, Finding)), accepted)
    not_judged = [each for each in outcomes if isinstance(each, NotJudged)]
    verdict = decide(place, findings, not_judged, decision)
    html = render("data_quality_gate/page/page.html", **page_context(data, model, verdict, profile))
    _write(verdict, profile, Path(output))
    write_page(page, html)
    print(f"verdict: {verdict.decision}. {verdict.reason}", flush=True)
    return verdict


def _standing(data: Dataset, baseline: ModelFolder, target: Target) -> Standing | None:
    """Where the baseline stands; None where there is nothing to measure it on."""
    naive = naive_metrics(data)
    if not baseline.metrics or not naive:
        return None
    wanted = replace(target, metric=target.metric.strip() or default_metric(data))
    return standing(data.task, baseline.metrics, naive, wanted, baseline.metric_intervals)


def _measurable(place: Standing | None) -> list[Finding]:
    message = "The test split has no labelled item, so that no model can be measured."
    return [] if place else finding("no_test_items", 1, [], message)


def _examine(
    data: Dataset, baseline: ModelFolder, profile: Profile, reference: Profile | None, seed: int
) -> Iterator[Outcome]:
    """Yields all outcomes. The order matters: a fault that an earlier check finds can mislead a later one."""
    yield from schema_and_types(data)
    yield from values(data, profile)
    yield from schema_breaks(data, profile, reference)
    yield from text_faults(data)
    yield from box_shapes(data)
    images = measure_images(data)
    quality = list(image_quality(data, images))
    yield from quality
    _say("duplicates and overlap")
    yield from duplicates_and_overlap(data, baseline)
    _say("leakage")
    leaks = yield from leakage(data, baseline, seed)
    yield from time_leakage(data, baseline)
    _say("importance")
    yield from importance(data, baseline, leaks, seed)
    yield from _labels(data, baseline, leaks, [each for each in quality if each.rule in UNSEEN], seed)
    _say("drift")
    yield from drift(data, profile, reference)
    yield from image_drift(data, images)


def _labels(
    data: Dataset, baseline: ModelFolder, leaks: Leaks, poor: Sequence[Finding], seed: int
) -> Iterator[Outcome]:
    _say("labels")
    yield from balance(data)
    places = predicted_places(data, baseline)
    misplaced = list(misplaced_boxes(places))
    rows, why_not = _label_probabilities(baseline, leaks)
    told = [case for each in (*poor, *misplaced) if isinstance(each, Finding) for case in each.cases]
    yield from wrong_labels(data, unexplained(rows, told) if rows and told else rows, why_not)
    # A model that was given a leak has learned the faults with it: then the refit without the leak is asked.
    refitted = leaks.refit.values if leaks.refit else None
    yield from wrong_values(data, refitted if leaks.columns else baseline_values(data, baseline) or refitted)
    yield from outliers(data, seed)
    yield from missing_boxes(places)
    yield from misplaced


def _label_probabilities(baseline: ModelFolder, leaks: Leaks) -> tuple[LabelProbabilities | None, str]:
    """Probabilities of the given labels by a model that saw no leak, or why there are none."""
    refitted = leaks.refit.label_probabilities if leaks.refit else None
    if baseline.label_probabilities.is_file() and not leaks.columns:
        return label_probabilities.read(baseline.label_probabilities), ""
    return refitted, f"The baseline {baseline.name} has no {baseline.label_probabilities.name}"


def _say(step: str) -> None:
    print(f"gate: {step}", flush=True)


def _write(verdict: Verdict, profile: Profile, output: Path) -> None:
    """Writes the folder: verdict.json last and an earlier one removed first, so that it is never of other findings."""
    (output / "verdict.json").unlink(missing_ok=True)
    with write_atomically(output / "findings.jsonl") as file, file.open("w", encoding="utf-8") as lines:
        for each in verdict.findings:
            for case in each.cases:
                record = {"rule": each.rule, "severity": each.severity, **case.as_json()}
                lines.write(json.dumps(record, ensure_ascii=False) + "\n")
    profiles.write(output / "profile.json", profile)
    with write_atomically(output / "verdict.json") as file:
        text = json.dumps(verdict.as_json(), indent=2, ensure_ascii=False, allow_nan=False)
        file.write_text(text + "\n", encoding="utf-8")
