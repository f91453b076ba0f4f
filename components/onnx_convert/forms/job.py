"""What every form is made of."""

from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ...data.dataset import Dataset
from ...models.folder import ModelFolder
from ..saved_model import SavedModel
from .refused import RefusedError


@dataclass(frozen=True)
class Job:
    """A model, and where its forms go.

    Attributes:
        model: the SavedModel by one of its signatures.
        folder: its description, where it is a model folder.
        output: folder that forms are written into before they are proven.
        dataset: that the model was trained on.
        budget: how much of the metric an int8 form may lose.
    """

    model: SavedModel
    folder: ModelFolder | None
    output: Path
    dataset: Dataset | None
    budget: float

    @property
    def takes_images(self) -> bool:
        """Whether it is an image model of this library, which has a network size of its own."""
        return hasattr(self.model.loaded, "at_own_size") or bool(self.folder and self.folder.input["kind"] == "image")

    @property
    def has_data(self) -> bool:
        """Whether the form can be measured on the data set that the model was trained on."""
        return bool(self.folder and self.dataset)

    @property
    def has_real_items(self) -> bool:
        """Whether the data set has inputs for the model: for one without a description, pictures only."""
        return self.has_data or bool(self.dataset and self.dataset.task.is_image)

    def function(self, name: str) -> Any:
        """A function that an exported image model has beside its signatures; see `models.serving`.

        Raises:
            RefusedError: it has none of this name.
        """
        if hasattr(self.model.loaded, name):
            return getattr(self.model.loaded, name)
        if self.folder is None or self.folder.input["kind"] != "image":
            raise RefusedError(f"{self.model.path} is no image model of this library, whose parts are known")
        if name == "at_own_size" or not hasattr(self.model.loaded, "at_own_size"):
            raise RefusedError(f"{self.folder.path} was trained before models had other forms: train again")
        raise RefusedError(f"{self.folder.path} stands on no known backbone: its network is the team's own")

    @property
    def size(self) -> int:
        """Height and width in pixels of the image model's network."""
        (pixels,), _ = self.function("at_own_size").concrete_functions[0].structured_input_signature
        return pixels.shape[1]

    @property
    def is_detector(self) -> bool:
        """Whether the image model's answers are boxes."""
        return "anchors" in self.function("at_own_size").concrete_functions[0].structured_outputs
