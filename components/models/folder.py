"""The model folder: what every training step writes and every later step opens.

model.json                  the fields of `ModelFolder`, written last: a folder without it is no model
saved_model/                TensorFlow models
model.onnx                  tabular baselines, and every model after `onnx_convert`
predictions/SPLIT.jsonl     the model's own predictions, see `predictions`
label_probabilities.parquet baselines of classification and detection, see `label_probabilities`
leaderboard.json            baselines, see `leaderboard`
hyperparameters.json        baselines, see `hyperparameters`
feature_transforms.json     tabular baselines, see `feature_transforms`
importance.json             tabular baselines, permutation importance per column, or the service's mean attributions
config.yaml                 fine-tuned models: all levers, as they were resolved
variables.json              fine-tuned models: what became of each variable
own_module.py               fine-tuned models: the team's own Python file, for the record
ensemble.json, members/     ensembles, see `prediction.ensemble`; they have no model.onnx of their own
"""

import json
from dataclasses import dataclass, field, fields
from pathlib import Path
from typing import Any, Literal, TypedDict

from ..data.items import ColumnType, Task
from ..data.storage import write_atomically
from ..errors import InputError

FORMAT = 1
# The parameter of models of images with several labels.
MULTI_LABEL = "multi_label"


class ImageInput(TypedDict):
    """One tensor `name`: uint8 [N, H, W, 3] in RGB; `height` and `width` are what the model resizes to, in pixels."""

    kind: Literal["image"]
    name: str
    height: int
    width: int


class InputColumn(TypedDict):
    """One input of shape [N, 1]; a missing value is NaN or the empty string."""

    name: str
    type: ColumnType
    dtype: Literal["float32", "string"]


class ColumnsInput(TypedDict):
    """One input per column, under the column's own name."""

    kind: Literal["columns"]
    columns: list[InputColumn]


class SeriesInput(TypedDict):
    """A window of the past and what is known ahead, see `series_windows`; windows are counted in periods."""

    kind: Literal["series"]
    context: int
    horizon: int
    period: str
    columns: list[str]


@dataclass(kw_only=True)
class ModelFolder:
    """One trained model on disk.

    Attributes:
        path: the folder.
        name: short name for tables and pages.
        task: what the model predicts.
        labels: in the order of the model's outputs; empty for regression.
        framework: what the model was trained with.
        pretrained: one plain sentence on what weights it started from.
        dataset_digests: digest of each split of the data set it was trained and measured on.
        input: what the model is called with.
        metrics: name to value, on the test split.
        metric_intervals: name to [low, high], the 95 % bootstrap interval of the metric over the test items.
        parameters: the settings that were chosen, JSON values only.
        seed: the seed of training.
    """

    path: Path
    name: str
    task: Task
    labels: list[str]
    framework: Literal["tensorflow", "scikit-learn", "lightgbm", "autogluon", "onnx", "vertex"]
    pretrained: str
    dataset_digests: dict[str, str]
    input: ImageInput | ColumnsInput | SeriesInput
    metrics: dict[str, float] = field(default_factory=dict)
    metric_intervals: dict[str, list[float]] = field(default_factory=dict)
    parameters: dict[str, Any] = field(default_factory=dict)
    seed: int = 0

    @classmethod
    def open(cls, path: str | Path) -> "ModelFolder":
        """Reads `model.json` of a model folder.

        Raises:
            InputError: the folder has no readable `model.json` of this format.
        """
        file = Path(path) / "model.json"
        try:
            values = json.loads(file.read_text(encoding="utf-8"))
        except FileNotFoundError:
            raise InputError(
                f"{path} is not a model folder: it has no model.json; give the folder of a model."
            ) from None
        except json.JSONDecodeError as error:
            raise InputError(f"{file}, line {error.lineno}: not JSON ({error.msg}); train the model again.") from None
        names = [each.name for each in fields(cls) if each.name != "path"]
        absent = [name for name in names if name not in values]
        if values.get("format") != FORMAT or absent:
            wrong = f"field {absent[0]} is absent" if absent else f"format {values.get('format')}, not {FORMAT}"
            raise InputError(f"{file} is not a model of this version of graduate ({wrong}); train the model again.")
        return cls(path=Path(path), **{**{name: values[name] for name in names}, "task": Task(values["task"])})

    def save(self) -> None:
        """Writes `model.json`, whole or not at all. Call it last, when the other files are in place."""
        values = {each.name: getattr(self, each.name) for each in fields(self) if each.name != "path"}
        with write_atomically(self.path / "model.json") as file:
            file.write_text(
                json.dumps({"format": FORMAT, **values}, indent=2, allow_nan=False) + "\n", encoding="utf-8"
            )

    @property
    def is_multi_label(self) -> bool:
        """Whether an item may have several labels, each with a probability of its own."""
        return bool(self.parameters.get(MULTI_LABEL))

    @property
    def saved_model(self) -> Path:
        """Folder of the TensorFlow SavedModel, signature `serving_default`."""
        return self.path / "saved_model"

    @property
    def onnx(self) -> Path:
        """File of the ONNX graph, with the same inputs and outputs as the model it was converted from."""
        return self.path / "model.onnx"

    @property
    def label_probabilities(self) -> Path:
        """File of the label probabilities that the gate judges labels by."""
        return self.path / "label_probabilities.parquet"

    @property
    def leaderboard(self) -> Path:
        """File of the trials of the baseline's search."""
        return self.path / "leaderboard.json"

    @property
    def hyperparameters(self) -> Path:
        """File of the hyperparameters that were chosen."""
        return self.path / "hyperparameters.json"

    @property
    def feature_transforms(self) -> Path:
        """File of the type, transform and statistics of each column."""
        return self.path / "feature_transforms.json"

    @property
    def importance(self) -> Path:
        """File of the importance of each column."""
        return self.path / "importance.json"

    @property
    def config(self) -> Path:
        """File of all levers that the model was fine-tuned with."""
        return self.path / "config.yaml"

    @property
    def variables(self) -> Path:
        """File of what fine-tuning made of each variable."""
        return self.path / "variables.json"

    @property
    def own_module(self) -> Path:
        """The copy of the team's own Python file that the model was fine-tuned with."""
        return self.path / "own_module.py"

    def predictions(self, split: str) -> Path:
        """File of the model's own predictions on a split."""
        return self.path / "predictions" / f"{split}.jsonl"
