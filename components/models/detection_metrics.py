"""Average precision of object detection by the COCO definition, computed by pycocotools.

Definition: https://cocodataset.org/#detection-eval (101-point interpolated precision, at most 100 boxes per image).
"""

import contextlib
import io
from collections.abc import Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from ..data.items import Item
from ..errors import InputError
from .resampled_precision import RankedBoxes

if TYPE_CHECKING:  # the images of tables measure too, and have no pycocotools
    from pycocotools.coco import COCO

MAX_BOXES_PER_IMAGE = 100
IOU_THRESHOLDS = tuple(round(0.5 + 0.05 * step, 2) for step in range(10))


def detection_metrics(
    items: Iterable[Item], predictions: Mapping[str, Mapping[str, Any]], labels: Sequence[str]
) -> dict[str, float]:
    """COCO's three headline figures, each in 0..1, higher is better.

    Args:
        items: the images with their true boxes; faulty ones are left out as `Item.usable_boxes` does.
        predictions: by item id, in the shape of Vertex AI: {"displayNames": [...], "confidences": [...],
            "bboxes": [[xMin, xMax, yMin, yMax], ...]}, normalised to the image. Boxes with a label that is not in
            `labels` are left out.
        labels: the data's labels. Those without a true box do not enter the averages, as COCO defines; those
            that a model never predicts enter with 0.

    Returns:
        "ap" (mean over the IoU thresholds 0.50, 0.55, ... 0.95), "ap50" and "ap75".

    Raises:
        InputError: an item has no prediction, or no item has a usable box (average precision is undefined).
    """
    return DetectionEvaluation(items, predictions, labels).metrics()


class DetectionEvaluation:
    """Predicted boxes matched with true ones once; every figure is then read from the matches."""

    def __init__(
        self,
        items: Iterable[Item],
        predictions: Mapping[str, Mapping[str, Any]],
        labels: Sequence[str],
        iou_thresholds: Sequence[float] = IOU_THRESHOLDS,
    ) -> None:
        """Matches the boxes of all items (arguments and errors as in `detection_metrics`)."""
        from pycocotools.cocoeval import COCOeval

        self.labels = list(labels)
        items = list(items)
        truth = _coco(items, self.labels, (_true_boxes(item) for item in items))
        if not truth.anns:
            raise InputError(
                f"none of the {len(items)} items has a usable box, so average precision is undefined: "
                "label boxes in this split"
            )
        found = _coco(items, self.labels, (_predicted_boxes(item, predictions) for item in items))
        self._coco = COCOeval(truth, found, "bbox")
        self._coco.params.iouThrs = np.array(iou_thresholds)
        self._coco.params.areaRng, self._coco.params.areaRngLbl = [[0, 1e10]], ["all"]
        self._coco.params.maxDets = [MAX_BOXES_PER_IMAGE]
        with contextlib.redirect_stdout(io.StringIO()):
            self._coco.evaluate()
            self._coco.accumulate()
        self._matches = np.array(self._coco.evalImgs, dtype=object).reshape(len(self.labels), len(items))
        self._ranked = [RankedBoxes.of_matches(row.tolist(), len(iou_thresholds)) for row in self._matches]
        # [thresholds, recalls, labels]; -1 where a label has no true box
        self._precision = self._coco.eval["precision"][:, :, :, 0, 0]

    def metrics(self) -> dict[str, float]:
        """`ap`, `ap50` and `ap75`, as `detection_metrics` describes."""
        return self._headline(self._precision)

    def ap50_per_label(self) -> dict[str, float]:
        """AP50 of each label that has a true box, in the order of the labels."""
        return {label: _mean(precision) for label, precision in self.precision_per_label().items()}

    def precision_per_label(self) -> dict[str, NDArray[np.float64]]:
        """Interpolated precision at IoU 0.5 of each label with a true box, float64 [101], at recalls 0, 0.01, ... 1."""
        first = self._precision[self._threshold(0.5)]
        return {label: first[:, k] for k, label in enumerate(self.labels) if (first[:, k] > -1).any()}

    def true_boxes_per_label(self) -> dict[str, int]:
        """How many true boxes each label has, in the order of the labels."""
        return {label: int(ranked.true_boxes.sum()) for label, ranked in zip(self.labels, self._ranked, strict=True)}

    @property
    def indexes(self) -> tuple["COCO", "COCO"]:
        """pycocotools' indexes of the true and of the predicted boxes; the images are numbered from 1."""
        return self._coco.cocoGt, self._coco.cocoDt

    @property
    def cells(self) -> int:
        """How many numbers are visited by each resampling."""
        return sum(ranked.correct.size for ranked in self._ranked)

    def resampled(self, counts: NDArray[np.number]) -> dict[str, float]:
        """`metrics` of a bootstrap sample that holds each image as often as `counts`, [N], says.

        They are NaN where no image of the sample has a true box.
        """
        recalls = self._coco.params.recThrs
        return self._headline(np.stack([ranked.precision(counts, recalls) for ranked in self._ranked], axis=-1))

    def outcomes(self, image_index: int) -> tuple[list[tuple[float, bool]], int]:
        """What became of one image's boxes at IoU 0.5.

        Returns:
            (confidence, whether it found a true box) of each predicted box, and the number of true boxes.
        """
        threshold = self._threshold(0.5)
        found, true_boxes = [], 0
        for match in filter(None, self._matches[:, image_index]):
            found += zip(match["dtScores"], (match["dtMatches"][threshold] > 0).tolist(), strict=True)
            true_boxes += len(match["gtIds"])
        return found, true_boxes

    def best_confidence(self) -> float:
        """The confidence from which on the boxes have the highest F1 over all images (IoU 0.5); 1 without any box."""
        outcomes = [self.outcomes(place) for place in range(self._matches.shape[1])]
        found = sorted((box for boxes, _ in outcomes for box in boxes), key=lambda box: -box[0])
        if not found:
            return 1.0
        true_boxes = sum(count for _, count in outcomes)
        correct = np.cumsum([is_correct for _, is_correct in found])
        f1 = 2 * correct / (np.arange(1, len(found) + 1) + true_boxes)
        return float(found[int(np.argmax(f1))][0])

    def _headline(self, precision: NDArray[np.float64]) -> dict[str, float]:
        at_50, at_75 = (_mean(precision[self._threshold(iou)]) for iou in (0.5, 0.75))
        return {"ap": _mean(precision), "ap50": at_50, "ap75": at_75}

    def _threshold(self, iou: float) -> int:
        return int(np.argmin(np.abs(self._coco.params.iouThrs - iou)))


def _mean(precision: NDArray[np.float64]) -> float:
    known = precision[precision > -1]
    return float(known.mean()) if known.size else float("nan")


def _true_boxes(item: Item) -> list[dict[str, Any]]:
    return [
        {"label": box.label, "bbox": _pixels(item, box.xmin, box.xmax, box.ymin, box.ymax)}
        for box in item.usable_boxes()
    ]


def _predicted_boxes(item: Item, predictions: Mapping[str, Mapping[str, Any]]) -> list[dict[str, Any]]:
    if item.id not in predictions:
        raise InputError(f"item {item.id!r} ({item.source}) has no prediction: predict every item of the split once")
    prediction = predictions[item.id]
    boxes = zip(prediction["displayNames"], prediction["confidences"], prediction["bboxes"], strict=True)
    return [{"label": label, "score": score, "bbox": _pixels(item, *box)} for label, score, box in boxes]


def _pixels(item: Item, xmin: float, xmax: float, ymin: float, ymax: float) -> list[float]:
    """COCO's [x, y, width, height] in pixels."""
    return [xmin * item.width, ymin * item.height, (xmax - xmin) * item.width, (ymax - ymin) * item.height]


def _coco(items: Sequence[Item], labels: Sequence[str], boxes: Iterable[list[dict[str, Any]]]) -> "COCO":
    """pycocotools' index over boxes. Ids count from 1, since its matcher takes 0 for "unmatched"."""
    category = {label: number for number, label in enumerate(labels, 1)}
    annotations = [
        {**box, "image_id": image, "category_id": category[box["label"]], "area": box["bbox"][2] * box["bbox"][3]}
        for image, in_image in enumerate(boxes, 1)
        for box in in_image
        if box["label"] in category
    ]
    dataset: Any = {
        "images": [{"id": image} for image in range(1, len(items) + 1)],
        "categories": [{"id": number, "name": label} for label, number in category.items()],
        "annotations": [{**box, "id": number, "iscrowd": 0} for number, box in enumerate(annotations, 1)],
    }
    from pycocotools.coco import COCO

    coco = COCO()
    coco.dataset = dataset
    with contextlib.redirect_stdout(io.StringIO()):
        coco.createIndex()
    return coco
