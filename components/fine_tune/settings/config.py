"""The levers of fine-tuning."""

from typing import Annotated, Any, Literal, Self

from pydantic import BaseModel, ConfigDict, Field, model_validator

from .contradictions import contradictions
from .faults import validated

Optimizer = Literal["adamw", "adam", "sgd", "rmsprop"]
Schedule = Literal["cosine", "exponential", "step", "constant", "own"]
CheckpointType = Literal["detection", "classification", "none"]

Positive = Annotated[int, Field(ge=1)]
NotNegative = Annotated[int, Field(ge=0)]
Share = Annotated[float, Field(ge=0, le=1)]
Fraction = Annotated[float, Field(gt=0, le=1)]
BelowOne = Annotated[float, Field(ge=0, lt=1)]
Weight = Annotated[float, Field(ge=0)]

# A field's docstring is its description, in the YAML form and in docs/fine-tuning.md; after "TFOD: " comes what the TF
# Object Detection API calls it. Strict: a number in quotes is no number, and `yes` is none.
_MODEL = ConfigDict(extra="forbid", frozen=True, strict=True, allow_inf_nan=False, use_attribute_docstrings=True)


class Augmentation(BaseModel):
    """Random changes of training images, each with its strength; 0 or false switches one off."""

    model_config = _MODEL

    horizontal_flip: bool = False
    """Mirrors half of the images; wrong for what has a left and a right, such as text. TFOD: random_horizontal_flip"""
    vertical_flip: bool = False
    """Turns half of the images upside down. TFOD: random_vertical_flip"""
    rotate_90: bool = False
    """Turns by 0 to 3 quarters of the circle. TFOD: random_rotation90, which turns half of the images by one"""
    zoom: Share = 0.3
    """Shows a window whose sides are exp(-zoom) to exp(zoom) of the image's; 0..1. TFOD: ssd_random_crop and others"""
    brightness: Share = 0.2
    """Multiplies with 1 - brightness to 1 + brightness; 0..1. TFOD: random_adjust_brightness, which adds"""
    contrast: Share = 0.0
    """Multiplies distances from the mean with 1 - contrast to 1 + contrast; 0..1. TFOD: random_adjust_contrast"""
    saturation: Share = 0.0
    """Multiplies distances from grey with 1 - saturation to 1 + saturation; 0..1. TFOD: random_adjust_saturation"""
    hue: Annotated[float, Field(ge=0, le=0.5)] = 0.0
    """Turns hues by up to so much of the circle; 0..0.5. TFOD: random_adjust_hue"""


class FineTuneConfig(BaseModel):
    """All levers. `None` is the task's own default; the resolved config of a training has none left."""

    model_config = _MODEL

    architecture: str | None = None
    """The network, of which each task has its own; tables have none. TFOD: model"""
    image_size: Annotated[int, Field(ge=32, le=2048)] | None = None
    """Height and width that images are resized to, in pixels; 32..2048. TFOD: image_resizer.fixed_shape_resizer"""
    num_classes: Positive | None = None
    """Number of classes; that of the data, or it is refused. TFOD: num_classes"""
    fine_tune_checkpoint: str = ""
    """What to start from: a path, gs:// URI, or imagenet; empty for nothing. TFOD: fine_tune_checkpoint"""
    fine_tune_checkpoint_type: CheckpointType | None = None
    """What to take from it: all (detection), the backbone (classification), or none. TFOD: fine_tune_checkpoint_type"""
    module: str = ""
    """Your own Python module: the path or gs:// URI of one .py file. TFOD: none"""
    batch_size: Annotated[int, Field(ge=1, le=65536)] | None = None
    """Examples in a step, over all workers; 1..65536. TFOD: batch_size"""
    num_steps: Positive | None = None
    """Batches to learn from; 1 or more. TFOD: num_steps"""
    seed: Annotated[int, Field(ge=0, lt=2**31)] = 0
    """Of everything random; 0..2147483647. TFOD: none"""
    optimizer: Optimizer = "adamw"
    """adamw, adam, sgd or rmsprop. TFOD: adam_optimizer, momentum_optimizer, rms_prop_optimizer"""
    learning_rate: Annotated[float, Field(gt=0, le=10)] | None = None
    """The highest rate, after the warm-up; above 0, up to 10. TFOD: learning_rate_base, initial_learning_rate"""
    momentum: BelowOne = 0.9
    """Of sgd and rmsprop; 0 to below 1. TFOD: momentum_optimizer_value"""
    weight_decay: Share = 1e-3
    """Decoupled, times the learning rate, not of biases and norms; 0..1. TFOD: none (l2_regularizer is a loss)"""
    gradient_clipping_by_norm: Weight = 10.0
    """Gradients of all variables together are shortened to this norm; 0: never. TFOD: gradient_clipping_by_norm"""
    ema_decay: BelowOne | None = None
    """Of the moving average of the weights that is validated and kept; 0: no average. TFOD: moving_average_decay"""
    learning_rate_schedule: Schedule = "cosine"
    """How the rate falls: cosine (to 0), exponential, step, constant, or own (of the module). TFOD: learning_rate"""
    warmup_steps: NotNegative | None = None
    """Steps in which the rate rises linearly at first, the backbone's once unfrozen; 0 or more. TFOD: warmup_steps"""
    decay_steps: Positive | None = None
    """Steps in which exponential and step fall by decay_factor; 1 or more. TFOD: decay_steps"""
    decay_factor: Fraction = 0.1
    """What exponential and step multiply the rate with; above 0, up to 1. TFOD: decay_factor"""
    unfreeze_at_step: NotNegative | list[NotNegative] | None = None
    """The backbone is frozen until then; 0: never frozen. A list unfreezes it part by part. TFOD: freeze_variables"""
    unfreeze_from: str | list[str] = ""
    """First layer of the backbone to learn, one for each step of a list; empty for all. TFOD: freeze_variables"""
    backbone_learning_rate_factor: Fraction | None = None
    """What the rate is multiplied with for the backbone; above 0, up to 1. TFOD: none"""
    freeze_batch_norm: bool | None = None
    """Leaves the backbone's batch normalisations as the checkpoint has them. TFOD: freeze_batchnorm"""
    classification_loss_weight: Weight = 1.0
    """Of a detector's loss of classes; 0 or more. TFOD: classification_weight"""
    localization_loss_weight: Weight = 1.0
    """Of a detector's loss of boxes; 0 or more. TFOD: localization_weight"""
    focal_alpha: Share = 0.25
    """Weight of objects against background in a detector's focal loss; 0..1. TFOD: weighted_sigmoid_focal.alpha"""
    focal_gamma: Annotated[float, Field(ge=0, le=10)] = 2.0
    """How little easy examples count in a detector's focal loss; 0..10. TFOD: weighted_sigmoid_focal.gamma"""
    augmentation: Augmentation = Augmentation()
    """Random changes of training images. TFOD: data_augmentation_options"""
    validation_share: BelowOne = 0.1
    """Of the training examples, held back where the data have no validation split; 0 to below 1. TFOD: none"""
    evaluate_every: Positive | None = None
    """Steps between validations, by which the best weights are chosen; 1 or more. TFOD: none"""
    checkpoint_every: Positive | None = None
    """Steps between checkpoints, from which a stopped training goes on; 1 or more. TFOD: checkpoint_every_n"""
    early_stopping_patience: NotNegative | None = None
    """Validations without a better one after which training ends; 0: never. TFOD: none"""
    mixed_precision: Literal["none", "bfloat16", "float16"] = "none"
    """What the network calculates in; its weights stay float32. TFOD: use_bfloat16"""

    def with_values(self, **values: Any) -> Self:
        """The config with some levers set, checked as a whole.

        Raises:
            InputError: a lever is unknown, or the values do not go together.
        """
        given = {name: getattr(self, name) for name in self.model_fields_set}
        return validated(type(self), given | values, "the levers of fine-tuning")

    def with_defaults(self, **values: Any) -> Self:
        """The config with every lever that is `None` set by `values`; the others stay.

        Raises:
            InputError: a lever is unknown, or the values do not go together.
        """
        known = {name for name in type(self).model_fields if name not in self.unresolved()}
        return self.with_values(**{name: value for name, value in values.items() if name not in known})

    def unresolved(self) -> list[str]:
        """Levers that are left to the task's default; none in a resolved config."""
        return [name for name, value in self if value is None]

    @model_validator(mode="after")
    def _go_together(self) -> Self:
        if found := list(contradictions(self)):
            raise ValueError("; ".join(found))
        return self
