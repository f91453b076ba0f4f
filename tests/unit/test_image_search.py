"""The search over heads and resolutions, and the views that heads learn from."""

from dataclasses import dataclass

import numpy as np
import pytest

from graduate.components.automl_baseline.images.search import Clock, check_effort, search
from graduate.components.errors import InputError
from graduate.components.models.detection.labels import BoxArrays
from graduate.components.models.views import boxes_of_views, view_of


@dataclass(frozen=True)
class Guess:
    """A candidate whose measurement is known beforehand."""

    value: float
    name: str = "Guess"

    @property
    def hyperparameters(self):
        return {"value": self.value}


def run(values, metric, clock):
    prepared = []
    found = search(
        [Guess(value) for value in values], prepared.append, lambda guess: {metric: guess.value}, metric, "x", clock
    )
    return found, [guess.value for guess in prepared]


@pytest.mark.parametrize(("metric", "best"), [("ap50", 0.9), ("log_loss", 0.2)])
def test_the_best_trial_comes_first_and_is_the_chosen_one(metric, best):
    found, prepared = run([0.5, 0.2, 0.9], metric, Clock(0))
    assert prepared == [0.5, 0.2, 0.9]
    assert found.best.value == best
    assert [trial.chosen for trial in found.trials] == [True, False, False]
    assert found.trials[0].validation == {metric: best}
    assert found.parameters == {"value": best}
    assert found.note == f"The best {metric} of 3 trials on x."


def test_between_equals_the_cheaper_candidate_is_chosen():
    candidates = [Guess(0.5, "cheap"), Guess(0.5, "dear")]
    found = search(candidates, lambda _: None, lambda guess: {"ap50": guess.value}, "ap50", "x", Clock(0))
    assert found.best.name == "cheap"


def test_a_time_limit_stops_the_search_after_a_first_trial_and_is_told():
    found, prepared = run([0.5, 0.9], "ap50", Clock(1e-9))
    assert prepared == [0.5]
    assert len(found.trials) == 1
    assert "reached after 1 of 2 trials" in found.parameters["stopped"]


def test_an_effort_that_is_not_for_images_is_refused():
    with pytest.raises(InputError, match="'autogluon' is not for images: use fast, standard, thorough"):
        check_effort("autogluon")


def test_boxes_are_where_their_things_are_in_every_view():
    images = np.zeros((3, 128, 128, 3), np.uint8)
    images[:, 40:80, 30:90] = 255
    box = np.array([40 / 128, 30 / 128, 80 / 128, 90 / 128], np.float32)
    truth = BoxArrays(np.tile(box, (3, 1, 1)), np.zeros((3, 1), np.int32))
    boxes = boxes_of_views(truth, views=4, seed=0)
    assert len(boxes.boxes) == len(boxes.labels) == 12
    np.testing.assert_array_equal(view_of(images, 0, 0, 3, seed=0), images)
    places = []
    for view in range(1, 4):
        # The second and third image, so that a batch need not start with the first.
        for picture, place in zip(view_of(images, view, 1, 3, seed=0), (3 * view + 1, 3 * view + 2), strict=True):
            rows, columns = np.nonzero(picture[..., 0] > 160)  # darker is what lies outside the image
            edges = np.array([rows.min(), columns.min(), rows.max() + 1, columns.max() + 1]) / 128
            np.testing.assert_allclose(edges, boxes.boxes[place, 0], atol=0.03)
            places.append(tuple(edges))
    assert (boxes.labels == 0).all()
    assert len(set(places)) > 3, "views differ"
