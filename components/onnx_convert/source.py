"""What is converted: a model folder of this library, or a SavedModel of the user's."""

import hashlib
from dataclasses import dataclass
from pathlib import Path

from ..data.dataset import Dataset
from ..errors import InputError
from ..models.folder import ModelFolder

_GRAPH = "saved_model.pb"  # the file without which a folder is no SavedModel
_PREPROCESSING = "assets/preprocessing.json"


@dataclass(frozen=True)
class Source:
    """A model that can be converted.

    Attributes:
        path: what was given.
        folder: its description, where it is a model folder.
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
            return cls(path, None, path)
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
    def preprocessing(self) -> Path | None:
        """The file in which a SavedModel of ours says how it prepares images; others have none there."""
        return self.saved_model / _PREPROCESSING if self.saved_model else None

    def check(self, dataset: Dataset | None) -> None:
        """Refuses a data set that the model cannot be proven on.

        Raises:
            InputError: it is another one than the model was trained on, or none is given where one is needed.
        """
        if self.folder and dataset and self.folder.dataset_digests["test"] != dataset.digests["test"]:
            raise InputError(f"{self.path} was not trained on this dataset: its test split is another one")
        if not self.saved_model and not dataset:
            raise InputError(
                f"{self.path} is ONNX already, and is proven by the predictions that its source made of the test "
                "split: give the data set too (--dataset)"
            )

    def digests(self) -> dict[str, str]:
        """SHA-256 of the model's files and, where it says how it prepares its input, of that."""
        if not self.saved_model:
            assert self.folder
            return {"model": _sha256([self.folder.onnx])}
        files = sorted(file for file in self.saved_model.rglob("*") if file.is_file())
        steps = self.preprocessing
        return {"model": _sha256(files)} | ({"preprocessing": _sha256([steps])} if steps and steps.is_file() else {})

    def size(self) -> int:
        """Bytes of the model's files."""
        files = self.saved_model.rglob("*") if self.saved_model else [self.folder.onnx] if self.folder else []
        return sum(file.stat().st_size for file in files if file.is_file())


def _sha256(files: list[Path]) -> str:
    """One digest of several files, in their order."""
    digest = hashlib.sha256()
    for file in files:
        with file.open("rb") as content:
            digest.update(hashlib.file_digest(content, "sha256").digest())
    return digest.hexdigest()
