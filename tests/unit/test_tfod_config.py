"""A pipeline.config of the TF Object Detection API: its text form, and the levers that are read from it."""

from pathlib import Path

import pytest

from graduate.components.errors import InputError
from graduate.components.fine_tune.settings.config import FineTuneConfig
from graduate.components.fine_tune.settings.messages import Message
from graduate.components.fine_tune.settings.read import read_config
from graduate.components.fine_tune.settings.text_format import parse

# As ssd_mobilenet_v2_320x320_coco17_tpu-8 of the model zoo has it, shortened.
SSD = """
model {
  ssd {
    num_classes: 90
    image_resizer { fixed_shape_resizer { height: 300 width: 300 } }
    box_predictor { convolutional_box_predictor { kernel_size: 1, conv_hyperparams { activation: RELU_6, } } }
    feature_extractor {
      type: 'ssd_mobilenet_v2_keras'
      depth_multiplier: 1.0
    }
    loss {
      classification_loss { weighted_sigmoid_focal { alpha: 0.75, gamma: 2.0 } }
      localization_loss { weighted_smooth_l1 { delta: 1.0 } }
      classification_weight: 1.0
      localization_weight: 1.5
    }
    freeze_batchnorm: false
  }
}
train_config: {
  fine_tune_checkpoint_version: V2
  fine_tune_checkpoint: "PATH_TO_BE_CONFIGURED/mobilenet_v2.ckpt-1"
  fine_tune_checkpoint_type: "classification"
  batch_size: 512
  num_steps: 50000
  data_augmentation_options { random_horizontal_flip { } }
  data_augmentation_options { ssd_random_crop { } }
  optimizer {
    momentum_optimizer: {
      learning_rate: {
        cosine_decay_learning_rate {
          learning_rate_base: .08
          total_steps: 50000
          warmup_learning_rate: 0.013333
          warmup_steps: 2000
        }
      }
      momentum_optimizer_value: 0.9
    }
    use_moving_average: false
  }
}
"""
LINE = SSD[: SSD.index("batch_size")].count("\n") + 1
# As ssd_mobilenet_v2_fpnlite_320x320_coco17_tpu-8.
FPNLITE = SSD.replace("ssd_mobilenet_v2_keras", "ssd_mobilenet_v2_fpn_keras").replace("300", "320")
COSINE = "learning_rate.cosine_decay_learning_rate"
CENTER_NET = "model { center_net { num_classes: 2 } } train_config { num_steps: 10 }"


def read(tmp_path: Path, text: str, architecture: str = "") -> tuple[FineTuneConfig, list[str]]:
    """Reads a text as a file named pipeline.config."""
    file = tmp_path / "pipeline.config"
    file.write_text(text, encoding="utf-8")
    return read_config(str(file), {"architecture": architecture} if architecture else None)


def trained(tmp_path: Path, train_config: str) -> tuple[FineTuneConfig, list[str]]:
    """The same of a train_config alone."""
    return read(tmp_path, f"model {{ ssd {{ }} }} train_config {{ {train_config} }}", "ssdlite_mobilenet_v2")


def rated(tmp_path: Path, rate: str, num_steps: int = 1000) -> tuple[FineTuneConfig, list[str]]:
    """The same of a learning rate alone."""
    return trained(tmp_path, f"num_steps: {num_steps} optimizer {{ adam_optimizer {{ learning_rate {{ {rate} }} }} }}")


def plain(message: Message) -> list:
    """Names and values of a message and those in it."""
    return [
        (entry.name, plain(value) if isinstance(value, Message) else getattr(value, "text", value))
        for entry in message.entries
        for value in [entry.value]
    ]


def test_the_text_form_is_read_as_its_specification_says():
    text = r"""
    whole: 1 signed: - # a comment between
      2.5
    message { short: .0002; suffixed: 1e-3f, }
    colon: <quotes: 'it\'s' "joined"'here'>
    list: [1, 0x10, 010, -inf] messages: [{}, {word: TRUE}] empty: []
    escaped: "\303\251 \u00e9\xc3\xa9\t\\"
    [com.foo.extension]: 10f
    """
    assert plain(parse(text, "")) == [
        ("whole", 1),
        ("signed", -2.5),
        ("message", [("short", 0.0002), ("suffixed", 0.001)]),
        ("colon", [("quotes", "it'sjoinedhere")]),
        *[("list", value) for value in (1, 16, 8, "-inf")],
        ("messages", []),
        ("messages", [("word", "TRUE")]),
        ("escaped", "é éé\t\\"),
        ("[com.foo.extension]", 10.0),
    ]


@pytest.mark.parametrize(
    ("text", "part"),
    [
        ("a: 1\nb: 10bar", "line 2: '10bar' cannot be read"),
        ("a\n3", "line 2, at 3: after a should come a colon"),
        ("a {\n b: 1\n", "line 3, at the end of the file"),
        ("a: 1 }", "at }: this should be the name of a field"),
        ("a {>", "at >: this should be the name of a field"),
        ("a: [1 2]", "separated by commas"),
        ("a: 'C:\\models'", r"\m is no escape sequence; write /"),
        ("a: '\\377'", "not UTF-8"),
        ("a: 'open\n'", "cannot be read"),
        ("a{" * 200, "nested deeper than 100"),
        ("a: " + "1" * 5000, "cannot be read"),
    ],
)
def test_what_is_not_in_that_form_is_refused_with_its_line(text, part):
    with pytest.raises(InputError) as caught:
        parse(text, "file")
    assert part in str(caught.value)
    assert str(caught.value).startswith("file, line ")


def test_the_levers_of_a_public_ssd_are_read(tmp_path):
    config, left = read(tmp_path, SSD)
    assert config.model_dump(exclude_unset=True) == {
        "architecture": "ssdlite_mobilenet_v2",
        "num_classes": 90,
        "image_size": 300,
        "freeze_batch_norm": False,
        "classification_loss_weight": 1.0,
        "localization_loss_weight": 1.5,
        "focal_alpha": 0.75,
        "focal_gamma": 2.0,
        "batch_size": 512,
        "num_steps": 50000,
        "gradient_clipping_by_norm": 0.0,
        "optimizer": "sgd",
        "momentum": 0.9,
        "learning_rate": 0.08,
        "warmup_steps": 2000,
        "learning_rate_schedule": "cosine",
        "weight_decay": 0.0,
        "ema_decay": 0.0,
        "augmentation": {"horizontal_flip": True, "zoom": 0.0, "brightness": 0.0},
    }
    assert left == [
        "model.ssd.box_predictor.convolutional_box_predictor.kernel_size: 1",
        "model.ssd.box_predictor.convolutional_box_predictor.conv_hyperparams.activation: RELU_6",
        "model.ssd.loss.localization_loss.weighted_smooth_l1.delta: 1.0",
        "train_config.fine_tune_checkpoint_version: V2",
        'train_config.fine_tune_checkpoint: "PATH_TO_BE_CONFIGURED/mobilenet_v2.ckpt-1"',
        'train_config.fine_tune_checkpoint_type: "classification"',
        "train_config.data_augmentation_options.ssd_random_crop: {}",
        f"train_config.optimizer.momentum_optimizer.{COSINE}.warmup_learning_rate: 0.013333",
    ]


def test_an_fpnlite_becomes_ours(tmp_path):
    config, _ = read(tmp_path, FPNLITE)
    assert (config.architecture, config.image_size) == ("fpnlite_mobilenet_v2", 320)


@pytest.mark.parametrize(
    ("text", "described"),
    [
        (CENTER_NET, "a center_net"),
        (SSD.replace("ssd_mobilenet_v2_keras", "ssd_resnet50_v1_fpn_keras"), r"a ssd \(ssd_resnet50_v1_fpn_keras\)"),
        (SSD.replace("depth_multiplier: 1.0", "depth_multiplier: 0.75"), r"a ssd \(ssd_mobilenet_v2_keras\)"),
    ],
)
def test_a_model_without_counterpart_must_be_told_the_architecture(tmp_path, text, described):
    wanted = f"{described}, which has no counterpart here.*architecture=NAME.*fpnlite_compact"
    with pytest.raises(InputError, match=wanted):
        read(tmp_path, text)
    config, left = read(tmp_path, text, "fpnlite_compact")
    assert config.architecture == "fpnlite_compact"
    assert "center_net" in text or any(each.startswith("model.ssd.feature_extractor.type: ") for each in left)


def test_the_cards_own_config_is_read_once_it_is_told_the_architecture(shared_datasets):
    file = shared_datasets / "cards" / "training" / "faster_rcnn_inception_v2_pets.config"
    if not file.exists():
        pytest.skip(f"needs {file}")
    with pytest.raises(InputError, match="faster_rcnn_inception_v2"):
        read_config(str(file))
    config, left = read_config(str(file), {"architecture": "ssdlite_mobilenet_v2"})
    assert (config.num_classes, config.batch_size, config.num_steps, config.optimizer) == (6, 1, 200000, "sgd")
    # Its rate falls at steps 900000 and 1200000 only, which are behind the end.
    assert (config.learning_rate, config.learning_rate_schedule, config.warmup_steps) == (0.0002, "constant", 0)
    assert (config.fine_tune_checkpoint_type, config.ema_decay) == ("detection", 0.0)
    assert config.augmentation.horizontal_flip
    assert "model.faster_rcnn.image_resizer.keep_aspect_ratio_resizer.min_dimension: 600" in left
    assert not any(each.startswith("train_config") for each in left)


def test_what_the_file_leaves_out_has_the_default_of_its_schema(tmp_path):
    optimizer = "rms_prop_optimizer { learning_rate { constant_learning_rate { } } }"
    config, left = trained(tmp_path, f"optimizer {{ {optimizer} }}")
    assert left == ["model.ssd: {}"]
    assert (config.batch_size, config.gradient_clipping_by_norm, config.num_steps) == (32, 0.0, None)
    assert (config.optimizer, config.momentum, config.learning_rate) == ("rmsprop", 0.9, 0.002)
    assert config.ema_decay == 0.9999
    assert not config.augmentation.zoom
    assert not config.augmentation.brightness


def test_images_that_are_not_made_square_keep_the_tasks_own_size(tmp_path):
    config, left = read(tmp_path, SSD.replace("width: 300", "width: 400"))
    assert config.image_size is None
    assert "model.ssd.image_resizer.fixed_shape_resizer.width: 400" in left


def test_training_without_end_is_listed(tmp_path):
    config, left = trained(tmp_path, "num_steps: 0")
    assert config.num_steps is None
    assert "train_config.num_steps: 0" in left


@pytest.mark.parametrize(
    ("written", "kind"),
    [
        ("from_detection_checkpoint: true", "detection"),
        ("", "classification"),
        ("fine_tune_checkpoint_type: 'detection' from_detection_checkpoint: false", "detection"),
        ("fine_tune_checkpoint_type: 'full'", None),
    ],
)
def test_the_type_of_a_checkpoint_is_what_the_file_says(tmp_path, written, kind):
    config, left = trained(tmp_path, f"fine_tune_checkpoint: 'gs://b/model.ckpt' {written}")
    assert (config.fine_tune_checkpoint, config.fine_tune_checkpoint_type) == ("gs://b/model.ckpt", kind)
    assert left == ["model.ssd: {}"] + ['train_config.fine_tune_checkpoint_type: "full"'] * (kind is None)


@pytest.mark.parametrize(
    ("option", "expected"),
    [
        ("random_vertical_flip {}", {"vertical_flip": True}),
        ("random_horizontal_flip { probability: 0.5 }", {"horizontal_flip": True}),
        ("random_horizontal_flip { probability: 0.1 }", {}),
        ("random_adjust_hue {}", {"hue": 0.02}),
        ("random_adjust_contrast { min_delta: 0.7 max_delta: 1.3 }", {"contrast": pytest.approx(0.3)}),
        ("random_adjust_saturation {}", {}),
        ("random_adjust_brightness { max_delta: 0.2 }", {}),
        ("random_rotation90 {}", {}),
        ("random_crop_image { min_area: 0.75 }", {}),
    ],
)
def test_augmentations_are_taken_over_where_they_are_the_same_and_listed_where_not(tmp_path, option, expected):
    config, left = trained(tmp_path, f"data_augmentation_options {{ {option} }}")
    assert config.augmentation.model_dump(exclude_unset=True) == {"zoom": 0.0, "brightness": 0.0} | expected
    listed = [each for each in left if each.startswith(f"train_config.data_augmentation_options.{option.split()[0]}")]
    assert len(listed) == (0 if expected else 1)


@pytest.mark.parametrize(
    ("rate", "expected"),
    [
        ("constant_learning_rate { learning_rate: 1e-4 }", ("constant", 1e-4, None)),
        ("exponential_decay_learning_rate { decay_steps: 100 }", ("step", 0.002, 100)),
        ("exponential_decay_learning_rate { decay_steps: 100 staircase: false }", ("exponential", 0.002, 100)),
        (
            "manual_step_learning_rate { initial_learning_rate: .1 schedule { step: 400 learning_rate: .01 } "
            "schedule { step: 800 learning_rate: .001 } schedule { step: 5000 learning_rate: 1 } }",
            ("step", 0.1, 400),
        ),
    ],
)
def test_learning_rates_become_ours(tmp_path, rate, expected):
    config, left = rated(tmp_path, rate)
    assert (config.learning_rate_schedule, config.learning_rate, config.decay_steps) == expected
    assert config.warmup_steps == 0
    assert left == ["model.ssd: {}"]


@pytest.mark.parametrize(
    "schedule",
    [
        "schedule { step: 400 learning_rate: .01 } schedule { step: 500 learning_rate: .001 }",
        "schedule { step: 400 learning_rate: .01 }",  # ours would fall again at 800
        "schedule { step: 400 learning_rate: .2 }",
        "schedule { step: 2000 learning_rate: .2 } warmup: true",
    ],
)
def test_steps_that_ours_cannot_follow_are_listed_whole(tmp_path, schedule):
    config, left = rated(tmp_path, f"manual_step_learning_rate {{ initial_learning_rate: .1 {schedule} }}")
    assert config.learning_rate is None
    path = "train_config.optimizer.adam_optimizer.learning_rate.manual_step_learning_rate"
    assert f"{path}.initial_learning_rate: 0.1" in left
    assert any(each.startswith(f"{path}.schedule.step: ") for each in left)


def test_a_cosine_with_another_end_or_a_pause_says_so(tmp_path):
    _, left = rated(tmp_path, "cosine_decay_learning_rate { warmup_steps: 1 total_steps: 999 hold_base_rate_steps: 5 }")
    listed = [each.rpartition(".")[2] for each in left]
    assert listed == ["ssd: {}", "total_steps: 999", "hold_base_rate_steps: 5"]


@pytest.mark.parametrize(
    ("text", "part"),
    [
        ("model { ssd {} }", "it has no train_config"),
        ("", "it has no model"),
        (SSD.replace("batch_size: 512", "batch_size: 'many'"), f'line {LINE}: batch_size is "many", but should be'),
        (SSD.replace("batch_size: 512", "batch_size: 1 batch_size: 2"), "batch_size is given a second time"),
        (
            SSD.replace("freeze_batchnorm: false", "freeze_batchnorm: maybe"),
            "freeze_batchnorm is maybe, but should be true",
        ),
        (SSD.replace("height: 300 width: 300", "height: 3000 width: 3000"), "image_size is 3000, but should be less"),
        (SSD.replace("optimizer {", "optimizer: 3 x {"), "optimizer is 3, but should be a message"),
    ],
)
def test_a_file_that_cannot_be_right_is_refused(tmp_path, text, part):
    with pytest.raises(InputError) as caught:
        read(tmp_path, text)
    assert part in str(caught.value)
    assert "pipeline.config" in str(caught.value)
