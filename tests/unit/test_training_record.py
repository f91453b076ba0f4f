"""What a training is known by, and when its record says that a variable was learned."""

from importlib import metadata

import keras
import pytest
import tensorflow as tf
from tiny_models import image_dataset
from tiny_training import CONFIG, UNFREEZE_AT, TinyLearner

from graduate.components.data.dataset import Dataset
from graduate.components.fine_tune.own.module import OwnModule
from graduate.components.fine_tune.restore.checkpoint import no_checkpoint
from graduate.components.fine_tune.tasks import record
from graduate.components.fine_tune.tasks.weights import learned_rows


def test_other_readable_images_and_another_version_of_the_code_are_another_training(tmp_path, monkeypatch):
    data = Dataset.open(image_dataset(tmp_path, {}))
    network = keras.Sequential([keras.Input((2,)), keras.layers.Dense(1)])

    def key(*images: str) -> str:
        return record.fingerprint(CONFIG, data, network, OwnModule(), images)

    whole = key("one.png", "two.png")
    assert key("one.png", "two.png") == whole
    assert len({whole, key("one.png"), key("one.pngtwo.png")}) == 3
    monkeypatch.setattr(tf, "__version__", "0.0")
    assert key("one.png", "two.png") != whole
    monkeypatch.undo()
    monkeypatch.setattr(record, "version", lambda name: metadata.version(name) + ".1")
    assert key("one.png", "two.png") != whole


@pytest.mark.parametrize(("steps", "backbone"), [(UNFREEZE_AT, "frozen"), (UNFREEZE_AT + 1, "from step 10")])
def test_what_a_training_stopped_before_was_never_learned(steps, backbone):
    learner = TinyLearner()
    rows = no_checkpoint(learner.body, learner.network.layers[-1])
    learned = learned_rows(rows, learner.network, learner.stages, steps)
    assert {row.learning for row in learned if row.part == "backbone"} == {backbone}
    assert {row.learning for row in learned if row.part == "heads"} == {"always"}
