"""What is converted: a model folder of this library, or a SavedModel of the user's."""

import hashlib
import json
from dataclasses import dataclass
from pathlib import Path

from ..data.dataset import Dataset
from ..data.items import Task
from ..errors import InputError
from ..models.folder import MULTI_LABEL, ModelFolder
from ..prediction.ensemble import ENSEMBLE
from .export.metadata import sha256

_GRAPH = "saved_model.pb"  # the file without which a folder is no SavedModel
_PREPROCESSING = "assets/preprocessing.json"


@dataclass(frozen=True)
class Source:
    """A model that can be converted.

    Attributes:
        path: what was given.
        folder: its description, where it is a model folder, or a SavedModel that says as much (one of this library's,
            which lies alone where fine-tuning has published it).
        saved_model: folder of the SavedModel; None where the model is an ONNX file already.
    """

    path: Path
    folder: ModelFolder | None
    saved_model: Path | None

    @classmethod
    def open(cls, path: Path) -> "Source":
        """Looks at what was given.

        Raises:
            InputError: it is neither, or a model that has no ONNX form.
        """
        if (path / _GRAPH).is_file():
            return cls(path, _described(path), path)
        if not (path / "model.json").is_file():
            raise InputError(
                f"{path} is neither a SavedModel ({_GRAPH}) nor a model folder (model.json): give one of them"
            )
        folder = ModelFolder.open(path)
        if folder.framework == "vertex":
            raise InputError(
                f"{path} is a model of Vertex AI, which predicts with it itself: it needs no ONNX file. For one of "
                "your own, train with engine=local, or graduate (decision=graduate)."
            )
        if (path / ENSEMBLE).exists():
            raise InputError(f"{path} is an ensemble, whose members are ONNX files already: predict with it as it is")
        if folder.saved_model.is_dir():
            return cls(path, folder, folder.saved_model)
        if folder.onnx.is_file():
            return cls(path, folder, None)
        raise InputError(f"{path} has neither saved_model/ nor model.onnx: give a trained model folder")

    @property
    def name(self) -> str:
        """What pages call it."""
        return self.folder.name if self.folder else self.path.name

    @property
    def recorded(self) -> Path | None:
        """The predictions that the model made of the test split when it was trained; a SavedModel alone has none."""
        return self.folder.predictions("test") if self.folder and self.saved_model != self.path else None

    @property
    def preprocessing(self) -> Path | None:
        """The file in which a SavedModel of ours says how it prepares images; others have none there."""
        return self.saved_model / _PREPROCESSING if self.saved_model else None

    def check(self, dataset: Dataset | None) -> None:
        """Refuses a data set that the model cannot be proven on.

        Raises:
            InputError: it is another one than the model was trained on, has no test split, or is not given where it
                is needed; or the model has not recorded what it predicted.
        """
        if dataset and self.folder and self.folder.task is not dataset.task:
            raise InputError(f"{self.path} is a model for {self.folder.task}, but the dataset is for {dataset.task}")
        if dataset and self.folder and self.recorded and self.folder.dataset_digests["test"] != dataset.digests["test"]:
            raise InputError(f"{self.path} was not trained on this dataset: its test split is another one")
        if dataset and not dataset.counts["test"]:
            raise InputError(f"the test split of {dataset.path} is empty: a model is proven on it, give the data one")
        if dataset and self.recorded and not self.recorded.is_file():
            raise InputError(f"{self.path} has no predictions/test.jsonl: train the model again")
        if not self.saved_model and not dataset:
            raise InputError(
                f"{self.path} is ONNX already, and is proven by the predictions that its source made of the test "
                "split: give the data set too (--dataset)"
            )

    def digests(self) -> dict[str, str]:
        """SHA-256 of the model and, where it says how it prepares its input, of that.

        The model is one ONNX file, or all files of the SavedModel: the digest then is that of the lines which
        `find * -type f | LC_ALL=C sort | xargs sha256sum` prints in its folder.
        """
        if not self.saved_model:
            assert self.folder
            return {"model": sha256(self.folder.onnx)}
        paths = sorted(file.relative_to(self.saved_model).as_posix() for file in _files(self.saved_model))
        lines = "".join(f"{sha256(self.saved_model / path)}  {path}\n" for path in paths)
        model = {"model": hashlib.sha256(lines.encode()).hexdigest()}
        steps = self.preprocessing
        return model | ({"preprocessing": sha256(steps)} if steps and steps.is_file() else {})

    def size(self) -> int:
        """Bytes of the model's files."""
        files = _files(self.saved_model) if self.saved_model else [self.folder.onnx] if self.folder else []
        return sum(file.stat().st_size for file in files)


def _described(saved_model: Path) -> ModelFolder | None:
    """What a SavedModel of `models.serving` says of itself; None of others."""
    steps = saved_model / _PREPROCESSING
    try:
        described = json.loads(steps.read_bytes())
    except (OSError, ValueError):
        return None
    if "graduate" not in described:
        return None
    return ModelFolder(
        path=saved_model,
        name=saved_model.name,
        task=Task(described["task"]),
        labels=described["labels"],
        framework="tensorflow",
        pretrained="Not known: the SavedModel came alone.",
        dataset_digests={},
        input={
            "kind": "image",
            "name": "image_tensor",
            "height": described["height"],
            "width": described["width"],
        },
        parameters={MULTI_LABEL: True} if described.get("multi_label") else {},
    )


def _files(folder: Path) -> list[Path]:
    return [file for file in folder.rglob("*") if file.is_file()]
