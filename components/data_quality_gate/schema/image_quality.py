"""Dark, overexposed, blurred, empty and odd images: cleanvision's scores and thresholds, beside the others."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa
from cleanvision.issue_managers.image_property import SizeProperty
from cleanvision.issue_managers.image_property_issue_manager import ImagePropertyIssueManager
from numpy.typing import NDArray

from ...data.dataset import Dataset
from ..findings import Case, Finding, counted
from .image_properties import PROPERTIES

# An image is odd only beside the others: beyond Tukey's fence (J. W. Tukey, Exploratory Data Analysis, 1977). What many
# images share, such as the black ground of scans, is the nature of the data and no fault of one.
_FENCE = 1.5
# cleanvision's rule for sizes calls every other size odd where most images have one size; we ask for this many times.
_OTHER_SIZE = 2.0
# cleanvision calls a white page with a line of text overexposed. It has ink on it: one pixel in a hundred is darker.
_INK = 0.5
# cleanvision's limit for blur, 0.29 of 1 - exp(-0.01 x), in grey values. The frame of the picture counts there and not
# here, so that we ask for less than half the usual sharpness as well. What cleanvision adds for plain colours saves
# many blurred photographs too, so only nearly one-coloured images are left out here.
_SHARP = 34.0
_LESS_SHARP = 0.5
_PLAIN = 60.0


@dataclass(frozen=True)
class _Judged:
    """A rule's name, the column of the measured value, and what it is, in words."""

    rule: str
    column: str
    words: str


_RULES = {
    "dark": _Judged("dark_image", "brightness_perc_99", "99 % of the pixels are darker than {:.2f} (white is 1)"),
    "light": _Judged("light_image", "brightness_perc_5", "95 % of the pixels are brighter than {:.2f} (white is 1)"),
    "blurry": _Judged("blurry_image", "sharpness", "its edges stand out by {:.1f} grey values"),
    "low_information": _Judged("low_information_image", "entropy", "its colours say {:.2f} bits"),
    "odd_size": _Judged("odd_size_image", "size", "as large as a square of {:.0f} pixels a side"),
    "odd_aspect_ratio": _Judged("odd_aspect_ratio_image", "aspect_ratio", "the short side is {:.2f} of the long one"),
}

# Images in which hardly anything can be seen: what is in them, nobody can tell.
UNSEEN = ("dark_image", "light_image", "blurry_image", "low_information_image")


def image_quality(data: Dataset, images: pa.Table) -> Iterator[Finding]:
    """Yields the findings of the rules on dark, light, blurred, empty and odd images; nothing for tables.

    Args:
        data: the data set.
        images: from `measure_images`.
    """
    if not data.task.is_image:
        return
    measured = images.to_pandas()
    found = {issue: _is_found(measured, issue) for issue in _RULES}
    # Where nothing can be seen, there are no edges either: that is no second fault.
    found["blurry"] &= ~(found["dark"] | found["light"] | found["low_information"])
    for issue, judged in _RULES.items():
        places = np.flatnonzero(found[issue])
        values = measured[judged.column].to_numpy(float)
        worst = places[np.argsort(-np.abs(values[places] - np.median(values)), kind="stable")]
        cases = [_case(image, judged) for image in images.take(worst).to_pylist()]
        typical = judged.words.format(np.median(values))
        yield from counted(judged.rule, cases, f"{len(measured):,} images; of the typical one, {typical}")


def _is_found(measured: pd.DataFrame, issue: str) -> NDArray[np.bool_]:
    """Whether each image has the issue: by itself, and beside the others."""
    if issue == "blurry":
        sharpness = measured["sharpness"].to_numpy(float)
        is_plain = measured["grayscale_std"].to_numpy(float) > _PLAIN
        limit = min(_SHARP, _LESS_SHARP * float(np.median(sharpness)))
        return (sharpness < limit) & _is_beyond_fence(np.log1p(sharpness)) & ~is_plain
    scores, threshold = _scores(measured, issue)
    if issue == "odd_size":
        times = (measured["size"] / measured["size"].median()).to_numpy(float)
        return (scores < threshold) & (np.maximum(times, 1 / times) >= _OTHER_SIZE)
    has_ink = measured["brightness_perc_1"].to_numpy(float) < _INK
    return (scores < threshold) & _is_beyond_fence(scores) & ~(has_ink & (issue == "light"))


def _scores(measured: pd.DataFrame, issue: str) -> tuple[NDArray[np.float64], float]:
    """cleanvision's scores (0..1, low is bad) and the threshold below which it sees an issue."""
    settings = ImagePropertyIssueManager().get_default_params()[issue]
    judge = PROPERTIES[issue]
    scores = judge.get_scores(raw_scores=measured.filter(judge.score_columns), issue_type=issue, **settings).iloc[:, 0]
    threshold = judge.threshold if isinstance(judge, SizeProperty) else settings["threshold"]
    return scores.to_numpy(float), threshold


def _is_beyond_fence(scores: NDArray[np.float64]) -> NDArray[np.bool_]:
    low, high = np.percentile(scores, [25, 75])
    return scores < low - _FENCE * (high - low)


def _case(image: dict[str, Any], judged: _Judged) -> Case:
    return Case(image["id"], image["source"], image["split"], judged.words.format(image[judged.column]))
