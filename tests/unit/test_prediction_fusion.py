"""Weighted box fusion, against answers of the authors' own package."""

import numpy as np
import pytest

from graduate.components.models.predictions import LabelledPrediction
from graduate.components.prediction.fusion import fuse

Corners = list[tuple[float, float, float, float]]


def found(corners: Corners, confidences: list[float], labels: list[int]) -> LabelledPrediction:
    """A prediction of boxes given as xMin, yMin, xMax, yMax."""
    boxes = [[xmin, xmax, ymin, ymax] for xmin, ymin, xmax, ymax in corners]
    return {"displayNames": [str(label) for label in labels], "confidences": confidences, "bboxes": boxes}


# Drawn at random, with two things found twice by one model, and what
# ensemble_boxes.weighted_boxes_fusion(..., weights, iou_thr, conf_type="box_and_model_avg") of version 1.0.9 says.
TWO_MODELS = (
    [
        found(
            [
                (0.3671, 0.7061, 0.6388, 0.8733),
                (0.1957, 0.6198, 0.3646, 0.925),
                (0.333, 0.3722, 0.5024, 0.5552),
                (0.2096, 0.6227, 0.3667, 0.8789),
            ],
            [0.7386, 0.6423, 0.4864, 0.8479],
            [1, 1, 1, 0],
        ),
        found(
            [
                (0.3114, 0.3545, 0.4657, 0.5545),
                (0.6234, 0.3596, 0.7453, 0.5534),
                (0.6345, 0.3361, 0.7582, 0.5175),
                (0.19, 0.6409, 0.3498, 0.9035),
            ],
            [0.6991, 0.8625, 0.6634, 0.8148],
            [1, 1, 1, 1],
        ),
    ],
    [0.6, 0.4],
    0.55,
    found(
        [
            (0.19309, 0.62947, 0.35782, 0.91515),
            (0.32243, 0.36354, 0.48444, 0.55486),
            (0.2096, 0.6227, 0.3667, 0.8789),
            (0.3671, 0.7061, 0.6388, 0.8733),
            (0.62823, 0.34938, 0.75091, 0.53779),
        ],
        [0.7113, 0.57148, 0.50874, 0.44316, 0.30518],
        [1, 1, 0, 1, 1],
    ),
)
THREE_MODELS = (
    [
        found(
            [
                (0.595, 0.1523, 0.7877, 0.368),
                (0.5813, 0.1041, 0.7466, 0.3543),
                (0.4765, 0.5285, 0.6653, 0.7521),
                (0.4471, 0.5342, 0.6603, 0.7474),
            ],
            [0.928, 0.8902, 0.6138, 0.5232],
            [0, 0, 1, 1],
        ),
        found(
            [
                (0.2534, 0.3196, 0.4896, 0.4315),
                (0.4371, 0.5253, 0.6405, 0.7536),
                (0.1789, 0.1043, 0.4548, 0.3535),
                (0.1308, 0.1229, 0.4399, 0.3401),
            ],
            [0.0867, 0.975, 0.2221, 0.4781],
            [1, 1, 1, 1],
        ),
        found(
            [
                (0.4739, 0.525, 0.6822, 0.7515),
                (0.2808, 0.4965, 0.4469, 0.6548),
                (0.2387, 0.3043, 0.4669, 0.4332),
                (0.4455, 0.534, 0.6475, 0.746),
            ],
            [0.5957, 0.5773, 0.3318, 0.3525],
            [0, 1, 0, 0],
        ),
    ],
    [0.5, 0.3, 0.2],
    0.5,
    found(
        [
            (0.45418, 0.52914, 0.65536, 0.75118),
            (0.58829, 0.1287, 0.76758, 0.36129),
            (0.2808, 0.4965, 0.4469, 0.6548),
            (0.14606, 0.117, 0.44463, 0.34435),
            (0.46334, 0.52835, 0.6693, 0.74946),
            (0.2387, 0.3043, 0.4669, 0.4332),
            (0.2534, 0.3196, 0.4896, 0.4315),
        ],
        [0.52985, 0.45455, 0.11546, 0.10503, 0.09482, 0.06636, 0.02601],
        [1, 0, 1, 1, 0, 0, 1],
    ),
)


@pytest.mark.parametrize(("predictions", "weights", "iou_threshold", "expected"), [TWO_MODELS, THREE_MODELS])
def test_boxes_are_fused_as_the_authors_package_fuses_them(predictions, weights, iou_threshold, expected):
    fused = fuse(predictions, weights, iou_threshold)
    assert fused["displayNames"] == expected["displayNames"]
    assert np.array(fused["confidences"]) == pytest.approx(np.array(expected["confidences"]), abs=1e-5)
    assert np.array(fused["bboxes"]) == pytest.approx(np.array(expected["bboxes"]), abs=1e-5)


def test_weights_count_by_their_share_only():
    predictions, weights, iou_threshold, _ = THREE_MODELS
    one, tenfold = (fuse(predictions, [k * each for each in weights], iou_threshold) for k in (1, 10))
    assert one["confidences"] == pytest.approx(tenfold["confidences"])


def test_a_confidence_stays_below_one_where_a_model_finds_a_thing_five_times():
    five = found([(0.1, 0.1, 0.5, 0.5 + place / 100) for place in range(5)], [0.9] * 5, [1] * 5)
    fused = fuse([five, found([(0.1, 0.1, 0.5, 0.5)], [0.9], [1])], [0.8, 0.2], 0.5)
    assert fused["confidences"] == pytest.approx([0.9])


def test_boxes_of_no_size_or_no_confidence_and_pictures_without_any_are_nothing():
    nothing = found([(0.1, 0.1, 0.1, 0.5), (0.1, 0.1, 0.2, 0.2)], [0.9, 0.0], [1, 1])
    assert fuse([nothing, found([], [], [])], [0.5, 0.5], 0.5) == found([], [], [])


def test_a_confidence_that_is_no_number_is_not_hidden():
    broken = found([(0.1, 0.1, 0.5, 0.5), (0.2, 0.1, 0.5, 0.5)], [float("nan"), 0.5], [1, 1])
    assert not np.isfinite(
        fuse([broken, found([(0.1, 0.1, 0.5, 0.5)], [0.9], [1])], [0.5, 0.5], 0.5)["confidences"]
    ).all()


def test_the_surest_hundred_are_kept_in_descending_order():
    confidences = np.linspace(0.1, 0.9, 150).tolist()
    apart = found([(n / 200, 0.0, (n + 0.5) / 200, 1.0) for n in range(150)], confidences, [1] * 150)
    fused = fuse([apart, apart], [0.5, 0.5], 0.5)
    assert fused["confidences"] == pytest.approx(sorted(confidences, reverse=True)[:100])
