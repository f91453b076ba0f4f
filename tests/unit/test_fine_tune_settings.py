"""The levers: what is refused and how, the YAML form, and the optimisers and schedules that they make."""

import keras
import numpy as np
import pytest
import tensorflow as tf

from graduate.components.errors import InputError
from graduate.components.fine_tune.settings.config import FineTuneConfig
from graduate.components.fine_tune.settings.optimizers import make_optimizer, make_schedule
from graduate.components.fine_tune.settings.read import read_config
from graduate.components.fine_tune.settings.yaml_form import parse_yaml, write_config
from graduate.components.fine_tune.tasks import classification_network
from graduate.components.fine_tune.train import levers_of
from graduate.components.models.detection import detector
from graduate.components.models.network_names import CLASSIFIERS, DETECTORS

RESOLVED = FineTuneConfig(num_steps=105, warmup_steps=5, learning_rate=0.5)


def refusal(text: str) -> str:
    """The sentence that a YAML text is refused with."""
    with pytest.raises(InputError) as caught:
        parse_yaml(text, "levers.yaml")
    assert "\n" not in str(caught.value)
    assert "pydantic" not in str(caught.value)
    return str(caught.value)


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ("seed: 1\nbatch_size: 0", "batch_size (line 2) is 0, but should be greater than or equal to 1"),
        ("optimizer: sdg", "optimizer (line 1) is 'sdg', but should be 'adamw', 'adam', 'sgd' or 'rmsprop'"),
        ("learning_rate: '1e-3'", "learning_rate (line 1) is '1e-3', but should be a valid number"),
        ("learning_rate: .nan", "learning_rate (line 1) is nan, but should be a finite number"),
        ("num_steps: yes", "num_steps (line 1) is True, but should be a valid integer"),
        ("seed:", "seed (line 1) is empty, but should be a valid integer"),
        ("learnin_rate: 1", "there is no lever learnin_rate (line 1): did you mean learning_rate?"),
        ("augmentation:\n  hue: 0.1\n  zom: 1", "there is no lever augmentation.zom (line 3): did you mean zoom?"),
        ("augmentation: {hue: 0.6}", "augmentation.hue (line 1) is 0.6, but should be less than or equal to 0.5"),
        ("augmentation: 3", "augmentation (line 1) is 3, but should be a mapping of names to values"),
        ("unfreeze_at_step: x", "unfreeze_at_step (line 1) is 'x', but should be a valid integer or a valid list"),
        ("decay_factor: often", "decay_factor (line 1) is 'often', but should be a valid number"),
    ],
)
def test_a_value_that_is_not_allowed_is_refused_by_file_line_and_lever(text, sentence):
    assert refusal(text) == f"levers.yaml: {sentence}"


@pytest.mark.parametrize(
    ("text", "part"),
    [
        ("architecture: resnet", "architecture is 'resnet', but should be one of ssdlite_mobilenet_v2, "),
        ("module: own.txt", "module is 'own.txt', but should end in .py"),
        ("fine_tune_checkpoint_type: detection", "which needs a fine_tune_checkpoint"),
        ("learning_rate_schedule: own", "needs a module with a function learning_rate"),
        ("warmup_steps: 11\nnum_steps: 10", "warmup_steps is 11, but should be at most num_steps, 10"),
        ("unfreeze_at_step: [1, 2]", "should both be lists"),
        ("unfreeze_at_step: [1, 2]\nunfreeze_from: [a]", "2 steps, but unfreeze_from 1 layers"),
        ("unfreeze_at_step: [2, 2]\nunfreeze_from: [a, b]", "its steps should ascend"),
    ],
)
def test_levers_that_do_not_go_together_are_refused(text, part):
    assert part in refusal(text)


def test_all_faults_are_named_at_once():
    sentence = refusal("batch_size: 0\nnum_steps: 0")
    assert "batch_size (line 1)" in sentence
    assert "num_steps (line 2)" in sentence


@pytest.mark.parametrize(
    ("text", "part"),
    [
        ("batch_size: 1\nseed: 2\nbatch_size: 3", "line 3: batch_size was already given in line 1"),
        ("augmentation:\n  hue: 0\n  hue: 0.1", "line 3: augmentation.hue was already given in line 2"),
        ("seed: [", "line 1: this is not YAML"),
        ("seed: 2026-02-30", "this is not YAML, day is out of range for month"),
        ("seed: \0", "this is not YAML"),
        ("- seed", "no mapping of levers to values"),
        ("module: !!python/object/apply:os.system [ls]", "line 1: this is not YAML, could not determine a constructor"),
    ],
)
def test_what_is_not_a_mapping_of_levers_is_refused(text, part):
    assert part in refusal(text)


def test_numbers_are_read_as_people_write_them():
    config = parse_yaml("learning_rate: 1e-3\nweight_decay: 5E-4\nmomentum: .5\nseed: 7", "")
    assert (config.learning_rate, config.weight_decay, config.momentum, config.seed) == (1e-3, 5e-4, 0.5, 7)


def test_an_empty_file_is_all_defaults():
    assert parse_yaml("# nothing yet\n", "") == FineTuneConfig()


def test_what_is_written_is_read_back_and_says_what_each_lever_is():
    location, unfreezing = "gs://bucket/a: b #c", {"unfreeze_at_step": [1, 20], "unfreeze_from": ["a", ""]}
    config = FineTuneConfig(fine_tune_checkpoint=location, learning_rate=1e-7, **unfreezing)
    written = write_config(config)
    assert parse_yaml(written, "") == config
    for name, field in FineTuneConfig.model_fields.items():
        assert f"# {field.description}\n{name}:" in written


def test_a_file_is_read_from_a_bucket_and_the_architecture_can_be_given(bucket):
    bucket.blob("levers.yaml").upload_from_string("batch_size: 4\narchitecture: compact")
    config, left = read_config("gs://bucket/levers.yaml", {"architecture": "mobilenet_v2"})
    assert (config.batch_size, config.architecture, left) == (4, "mobilenet_v2", [])


def test_levers_of_a_file_go_together_with_what_is_given_beside_it(tmp_path):
    file = tmp_path / "levers.yaml"
    file.write_text("learning_rate_schedule: own\nfine_tune_checkpoint_type: classification\n")
    levers, _ = levers_of(str(file), {"module": "mine.py", "fine_tune_checkpoint": "imagenet", "seed": 0})
    assert (levers.learning_rate_schedule, levers.module, levers.seed) == ("own", "mine.py", 0)
    with pytest.raises(InputError, match=r"levers.yaml: .*needs a module"):
        levers_of(str(file), {"fine_tune_checkpoint": "imagenet"})
    with pytest.raises(InputError, match=r"^the levers of fine-tuning: module is 'mine.txt'"):
        levers_of(str(file), {"module": "mine.txt"})


@pytest.mark.parametrize(
    ("name", "content", "part"),
    [
        ("levers.txt", b"", "ends in .yaml"),
        ("levers.yaml", b"seed: \xff", "no text in UTF-8"),
        ("levers.yaml", None, "cannot be read"),
    ],
)
def test_a_file_that_cannot_be_read_is_refused_by_name(tmp_path, name, content, part):
    if content is not None:
        (tmp_path / name).write_bytes(content)
    with pytest.raises(InputError, match=part) as caught:
        read_config(str(tmp_path / name))
    assert name in str(caught.value)


def test_defaults_fill_what_is_open_and_nothing_else():
    config = FineTuneConfig(batch_size=4).with_defaults(batch_size=16, num_steps=100, seed=9)
    assert (config.batch_size, config.num_steps, config.seed) == (4, 100, 0)
    assert "num_steps" in FineTuneConfig().unresolved()
    assert "num_steps" not in config.unresolved()


def test_a_config_with_all_defaults_is_resolved():
    values = dict.fromkeys(FineTuneConfig().unresolved(), 1) | {
        "architecture": "compact",
        "fine_tune_checkpoint_type": "none",
        "image_size": 64,
        "ema_decay": 0.9,
        "freeze_batch_norm": True,
        "learning_rate": 0.1,
        "backbone_learning_rate_factor": 0.1,
    }
    assert FineTuneConfig().with_defaults(**values).unresolved() == []


def test_the_architectures_are_those_that_can_be_built():
    assert all(detector.backbone_of(name) for name in DETECTORS)
    assert all(classification_network.backbone_of(name) for name in CLASSIFIERS)


def test_values_set_later_are_checked_with_the_others():
    with pytest.raises(InputError, match="warmup_steps is 50, but should be at most num_steps, 10"):
        FineTuneConfig(warmup_steps=50).with_values(num_steps=10)
    with pytest.raises(InputError, match="did you mean num_steps"):
        FineTuneConfig().with_defaults(num_step=10)


def rates(config: FineTuneConfig, *steps: int, first_step: int = 0, factor: float = 1.0) -> list[float]:
    """The learning rate at steps of an optimiser."""
    schedule = make_schedule(config, first_step, factor)
    return [float(schedule(step)) for step in steps]


def test_the_cosine_warms_up_and_ends_at_the_last_step_of_the_training():
    assert rates(RESOLVED, 0, 4, 5, 55, 105) == pytest.approx([0.1, 0.5, 0.5, 0.25, 0], abs=1e-6)
    # An optimiser that begins later warms up again, and follows the same cosine.
    assert rates(RESOLVED, 0, 5, 75, first_step=30, factor=0.1) == pytest.approx(
        [0.1 * rates(RESOLVED, 30)[0] / 5, 0.1 * rates(RESOLVED, 35)[0], 0], abs=1e-7
    )


@pytest.mark.parametrize(
    ("schedule", "expected"),
    [
        ("constant", [0.5, 0.5, 0.5, 0.5]),
        ("step", [0.5, 0.5, 0.05, 0.005]),
        ("exponential", [0.5, 0.5 * 0.1**0.95, 0.05, 0.005]),
    ],
)
def test_schedules_fall_as_they_say(schedule, expected):
    config = RESOLVED.with_values(learning_rate_schedule=schedule, decay_steps=20)
    assert rates(config, 5, 24, 25, 45) == pytest.approx(expected, rel=1e-5)


def test_an_own_schedule_decides_by_the_step_of_the_training():
    config = RESOLVED.with_values(learning_rate_schedule="own", module="own.py")
    schedule = make_schedule(config, 30, 0.5, lambda step, levers: step * levers.learning_rate)
    assert float(schedule(4)) == pytest.approx(34 * 0.5 * 0.5)
    with pytest.raises(ValueError, match="needs a function"):
        make_schedule(config)


def learned(config: FineTuneConfig, gradient: float, steps: int = 2) -> tuple[float, float]:
    """A kernel and a bias, both 1, after steps down a constant gradient."""
    layer = keras.layers.Dense(1, kernel_initializer="ones", bias_initializer="ones")
    layer.build((None, 1))
    optimizer = make_optimizer(config)

    @tf.function
    def step() -> None:
        optimizer.apply([tf.fill(v.shape, gradient) for v in layer.variables], layer.variables)

    for _ in range(steps):
        step()
    assert int(optimizer.iterations) == steps
    return float(np.squeeze(layer.kernel)), float(np.squeeze(layer.bias))


@pytest.mark.parametrize("optimizer", ["adamw", "adam", "sgd", "rmsprop"])
def test_weights_decay_by_rate_times_decay_and_biases_do_not(optimizer):
    config = RESOLVED.with_values(
        optimizer=optimizer, learning_rate_schedule="constant", warmup_steps=0, learning_rate=0.1, weight_decay=0.5
    )
    assert learned(config, gradient=0.0) == pytest.approx((0.95**2, 1.0))


def test_momentum_is_that_of_the_lever():
    config = RESOLVED.with_values(
        optimizer="sgd", momentum=0.5, weight_decay=0.0, learning_rate_schedule="constant", warmup_steps=0
    )
    # 0.5 * 0.2, then 0.5 * (0.2 + 0.5 * 0.2).
    assert learned(config, gradient=0.2) == pytest.approx((1 - 0.1 - 0.15,) * 2)


def test_gradients_are_left_to_the_loop_to_clip():
    assert make_optimizer(RESOLVED).global_clipnorm is None
