"""A team's own Python module: what is refused, what it is called with, and the documented example in a training."""

from pathlib import Path

import numpy as np
import pytest
import tensorflow as tf
import tiny_tables

from graduate.components.data.items import Task
from graduate.components.errors import InputError
from graduate.components.fine_tune.own.module import HOOKS, OwnModule, load
from graduate.components.fine_tune.own.outputs import augmented, measured, named_outputs, weighted
from graduate.components.fine_tune.settings.config import FineTuneConfig
from graduate.components.fine_tune.tasks.tabular import fine_tune_tabular
from graduate.components.models import history

DOCS = Path(__file__).parents[2] / "docs"
EXAMPLE = DOCS / "examples" / "own_losses.py"
LOSSES = "def losses(outputs, targets): return {}\n"
METRICS = "def metrics(targets, outputs): return {'mine': 1.0}\n"


def module(folder: Path, source: str) -> OwnModule:
    file = folder / "mine.py"
    file.write_text(source)
    return load(str(file))


@pytest.mark.parametrize(
    ("source", "message"),
    [
        ("x = 1\nimport no_such_library", r"mine.py, line 2: ModuleNotFoundError: No module named 'no_such_library'"),
        ("def losses(:", r"mine.py, line 1: SyntaxError"),
        ("x = 1\n\ny = 1 / 0", r"mine.py, line 3: ZeroDivisionError"),
        ("import sys\nsys.exit(0)", r"mine.py, line 2: SystemExit"),
        ("def loses(outputs, targets): ...", "loses looks like losses"),
        ("def augmentation(images, targets, draws): ...", "augmentation looks like augment"),
        (LOSSES + "LOSS_WEIGHT = {'a': 1}", "LOSS_WEIGHT looks like LOSS_WEIGHTS"),
        ("\ndef losses(outputs, labels): ...", r"line 2: losses is called with the arguments outputs, targets by name"),
        ("def build_head(features): ...", "called with the arguments features, num_outputs"),
        ("from keras import losses", "has none of the functions build_model, build_head, losses"),
        ("def build_head(features, num_outputs): ...\ndef build_model(num_outputs, image_size): ...", "keep one"),
        (METRICS + "LOSS_WEIGHTS = {'a': 1}", "has LOSS_WEIGHTS but no function losses"),
        (LOSSES + "LOSS_WEIGHTS = {'a': '1'}", "maps names to a number of 0 or more"),
        (LOSSES + "LOSS_WEIGHTS = {'a': -1}", "maps names to a number of 0 or more"),
        (METRICS + "HIGHER_IS_BETTER = {'mine': 1}", "maps names to True or False"),
        (METRICS + "BEST_WEIGHTS_BY = 'mine'", "say in HIGHER_IS_BETTER whether more of it is better"),
    ],
)
def test_a_module_that_cannot_be_meant_so_is_refused_when_it_is_read(tmp_path, source, message):
    with pytest.raises(InputError, match=message):
        module(tmp_path, source)


def test_a_module_is_found_by_its_functions_names_whatever_the_order_of_their_arguments(tmp_path):
    own = module(tmp_path, "def losses(targets, outputs, scale=2.0): return {'a': scale * outputs - targets}\n")
    assert own.losses
    assert own.losses(3.0, 1.0) == {"a": 5.0}
    assert len(own.digest) == 64
    assert own.digest != module(tmp_path, LOSSES).digest
    assert load("") == OwnModule()
    assert load("").digest == ""


def test_helpers_classes_and_constants_are_the_modules_own_business(tmp_path):
    helpers = "from dataclasses import dataclass\nfrom keras import metrics\nGAMMA = 2\ndef focal(x): return x\n"
    own = module(tmp_path, helpers + "@dataclass\nclass Head:\n    width: int = 1\n" + LOSSES)
    assert own.losses
    assert own.metrics is None


def test_a_module_is_read_from_cloud_storage(bucket):
    bucket.blob("code/mine.py").upload_from_string(METRICS)
    assert load("gs://bucket/code/mine.py").metrics
    with pytest.raises(InputError, match=r"gs://bucket/code/other.py cannot be read: there is no"):
        load("gs://bucket/code/other.py")
    with pytest.raises(InputError, match=r"give the path or gs:// URI of one .py file"):
        load("gs://bucket/code")


def test_losses_are_weighted_means_over_the_examples():
    found = weighted({"a": tf.constant([1.0, 3.0]), "b": tf.constant([1.0, 1.0])}, {"b": 0.25})
    assert {name: float(loss.total / loss.weight) for name, loss in found.items()} == {"a": 2.0, "b": 0.25}
    with pytest.raises(InputError, match="LOSS_WEIGHTS names c, but the losses are a"):
        weighted({"a": tf.zeros(2)}, {"c": 1.0})
    with pytest.raises(InputError, match="one value per example, without a mean"):
        weighted({"a": tf.zeros(())}, {})


def test_outputs_without_fitting_logits_are_refused():
    assert list(named_outputs(tf.zeros((2, 3)), 3, "mine.py: build_head")) == ["logits"]
    with pytest.raises(InputError, match=r"mine.py: build_head gives embedding: one output must be called logits"):
        named_outputs({"embedding": tf.zeros((2, 3))}, 3, "mine.py: build_head")
    with pytest.raises(InputError, match="the last dimension must be 3"):
        named_outputs(tf.zeros((2, 4)), 3, "mine.py: build_head")


@pytest.mark.parametrize(
    ("result", "message"),
    [
        ("None", "the result is NoneType, but should be images and targets"),
        ("(images[:, :2], targets)", r"images have the shape \(3, 2, 4, 3\), but should keep \(3, 4, 4, 3\)"),
        ("(images, targets['labels'])", "the targets should be a dict of boxes and labels"),
        ("exit(0)", r"line 1, in augment: SystemExit"),
    ],
)
def test_an_augmentation_keeps_the_images_shape_and_the_targets_names(tmp_path, result, message):
    images, draws = tf.ones((3, 4, 4, 3)), tf.zeros((3, 21))
    targets = {"boxes": tf.zeros((3, 2, 4)), "labels": tf.zeros((3, 2), tf.int32)}
    with pytest.raises(InputError, match=f"mine.py.*{message}"):
        augmented(module(tmp_path, f"def augment(images, targets, draws): return {result}"), images, targets, draws)
    kept, _ = augmented(
        module(tmp_path, "def augment(images, targets, draws): return images, targets"), images, targets, draws
    )
    assert kept.shape == images.shape


def test_metrics_are_numbers_of_names_that_are_not_ours(tmp_path):
    assert measured(module(tmp_path, METRICS), None, None) == {"mine": 1.0}
    assert measured(OwnModule(), None, None) == {}
    with pytest.raises(InputError, match="maps names to numbers"):
        measured(module(tmp_path, "def metrics(targets, outputs): return {'mine': [1, 2]}"), None, None)
    with pytest.raises(InputError, match="accuracy is a metric of ours"):
        measured(module(tmp_path, "def metrics(targets, outputs): return {'accuracy': 1}"), None, None)
    missing = METRICS + "HIGHER_IS_BETTER = {'other': True}\nBEST_WEIGHTS_BY = 'other'"
    with pytest.raises(InputError, match="BEST_WEIGHTS_BY is 'other', but there is mine"):
        measured(module(tmp_path, missing), None, None)


def test_the_metric_that_chooses_is_the_tasks_unless_the_module_names_one(tmp_path):
    assert module(tmp_path, METRICS).chosen_by("ap", higher_is_better=True) == ("ap", True)
    own = module(tmp_path, METRICS + "HIGHER_IS_BETTER = {'mine': False}\nBEST_WEIGHTS_BY = 'mine'")
    assert own.chosen_by("ap", higher_is_better=True) == ("mine", False)


def test_the_schedule_own_and_the_function_go_together(tmp_path):
    own = module(tmp_path, "def learning_rate(step, config): return step * config.learning_rate")
    assert own.rate_for("own") is own.learning_rate
    assert OwnModule().rate_for("cosine") is None
    for wrong, schedule in ((own, "cosine"), (OwnModule(), "own")):
        with pytest.raises(InputError, match="go together"):
            wrong.rate_for(schedule)


def test_the_documented_example_learns_both_of_its_tasks(tmp_path):
    data = tiny_tables.visitors(tmp_path / "data", Task.TABULAR_CLASSIFICATION)
    config = FineTuneConfig(module=str(EXAMPLE), num_steps=300, batch_size=32, evaluate_every=30)
    model = fine_tune_tabular(data, None, tmp_path / "model", config, "", "")
    curves = {name: [value for _, value in points] for name, points in history.read(model.path).items()}
    assert curves["focal"][-1] < 0.5 * curves["focal"][0]
    # The share of one alike among 31 others, of which a third are alike, stays far from 1.
    assert curves["contrastive"][-1] < 0.9 * curves["contrastive"][0]
    best = max(curves["validation_mean_recall"])
    assert model.parameters["best_step"] == next(
        step for step, value in history.read(model.path)["validation_mean_recall"] if value == best
    )
    assert model.metrics["accuracy"] > 0.7
    assert model.own_module.read_bytes() == EXAMPLE.read_bytes()


def test_an_error_in_the_middle_of_a_step_says_file_and_line(tmp_path):
    data = tiny_tables.visitors(tmp_path / "data", Task.TABULAR_CLASSIFICATION)
    file = tmp_path / "mine.py"
    file.write_text("def losses(outputs, targets):\n    return {'a': outputs['logit']}\n")
    config = FineTuneConfig(module=str(file), num_steps=2)
    with pytest.raises(InputError, match=r"mine.py, line 2, in losses: KeyError: 'logit'"):
        fine_tune_tabular(data, None, tmp_path / "model", config, "", "")


def test_the_page_shows_the_example_as_it_is_and_names_every_function():
    page = (DOCS / "fine-tuning.md").read_text()
    assert EXAMPLE.read_text().rstrip() in page
    for name, arguments in HOOKS.items():
        assert f"| `{name}({', '.join(arguments)})` |" in page


def test_the_pages_learning_rate_rises_and_falls(tmp_path):
    page = (DOCS / "fine-tuning.md").read_text()
    source = page[page.index("import tensorflow as tf\n\n\ndef learning_rate") :]
    own = module(tmp_path, source[: source.index("```")])
    config = FineTuneConfig(num_steps=100, learning_rate=1.0)
    assert own.learning_rate
    found = [float(own.learning_rate(tf.constant(step, tf.float32), config)) for step in (0, 5, 10, 55, 100)]
    np.testing.assert_allclose(found, [0, 0.5, 1, 0.5, 0], atol=1e-6)
