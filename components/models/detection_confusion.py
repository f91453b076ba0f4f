"""Which label a detector takes for which, what it misses, and what it sees too many."""

import contextlib
import io
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import numpy as np

from .detection_metrics import DetectionEvaluation
from .metrics import Confusion

BACKGROUND = "background"
_IOU = 0.5

# The label of a true box and of the predicted box that it was matched with; None where a box has no partner.
LabelPair = tuple[str | None, str | None]


def label_pairs(evaluation: DetectionEvaluation, confidence: float) -> list[list[LabelPair]]:
    """Matches true and predicted boxes of each image without regard to their labels.

    The boxes are matched by pycocotools with `useCats = 0` at IoU 0.5: the surest box first, each with the true box
    that it overlaps most and that is still free (https://github.com/cocodataset/cocoapi, pycocotools/cocoeval.py). In
    the words of Bolya et al. 2020, "TIDE", arXiv:2008.08115, a pair of two labels is a classification error and a true
    box alone a missed one; predicted boxes alone are background, duplicate and localisation errors.

    Args:
        evaluation: of all images.
        confidence: predicted boxes below it are left out.

    Returns:
        The pairs of each image, in the order of the images.
    """
    from pycocotools.cocoeval import COCOeval

    truth, found = evaluation.indexes
    coco = COCOeval(truth, found, "bbox")
    coco.params.useCats, coco.params.iouThrs = 0, np.array([_IOU])
    coco.params.areaRng, coco.params.areaRngLbl = [[0, 1e10]], ["all"]
    coco.params.maxDets = [max(1, len(found.anns))]
    with contextlib.redirect_stdout(io.StringIO()):
        coco.evaluate()
    name = {number: category["name"] for number, category in truth.cats.items()}
    true = {number: name[box["category_id"]] for number, box in truth.anns.items()}
    # Surer boxes are matched first, so that what is below the confidence has taken nothing from them.
    boxes: Any = found.anns  # whose stub knows no score
    sure = {number: name[box["category_id"]] for number, box in boxes.items() if box["score"] >= confidence}
    return [_pairs(match, true, sure) if match else [] for match in coco.evalImgs]


def _pairs(match: Mapping[str, Any], true: Mapping[int, str], sure: Mapping[int, str]) -> list[LabelPair]:
    """The pairs of one image, from `COCOeval.evaluateImg` and the labels of boxes; partner 0 is none."""
    partners = zip(match["gtIds"], match["gtMatches"][0].astype(int).tolist(), strict=True)
    alone = zip(match["dtIds"], match["dtMatches"][0].astype(int).tolist(), strict=True)
    pairs: list[LabelPair] = [(true[box], sure.get(partner)) for box, partner in partners]
    return pairs + [(None, sure[box]) for box, partner in alone if not partner and box in sure]


def box_confusion(images: Iterable[Sequence[LabelPair]], labels: Sequence[str]) -> Confusion:
    """Confusion matrix of boxes; its last row are boxes too many, its last column are missed boxes.

    Args:
        images: the pairs of each image, from `label_pairs`.
        labels: of the data; those that are neither true nor predicted are left out.
    """
    all_pairs = [pair for pairs in images for pair in pairs]
    met = {label for pair in all_pairs for label in pair}
    rows: list[str | None] = [*(label for label in labels if label in met), None]
    place = {label: number for number, label in enumerate(rows)}
    counts = np.zeros((len(rows), len(rows)), int)
    for true, predicted in all_pairs:
        counts[place[true], place[predicted]] += 1
    return {"labels": [BACKGROUND if label is None else label for label in rows], "counts": counts.tolist()}
