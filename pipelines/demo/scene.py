"""A scene of the demonstration: an image file and the digits in it."""

import json
from dataclasses import dataclass, field


@dataclass
class LabelledBox:
    """A digit in a scene: label and pixel corners."""

    label: str
    xmin: float
    ymin: float
    xmax: float
    ymax: float

    def overlap(self, other: "LabelledBox") -> float:
        """Intersection over the smaller area, 0..1."""
        width = min(self.xmax, other.xmax) - max(self.xmin, other.xmin)
        height = min(self.ymax, other.ymax) - max(self.ymin, other.ymin)
        if width <= 0 or height <= 0:
            return 0.0
        return width * height / min(self.area, other.area)

    @property
    def area(self) -> float:
        """Square pixels."""
        return (self.xmax - self.xmin) * (self.ymax - self.ymin)


@dataclass
class Scene:
    """One image file with its labels, as the import file will name it."""

    name: str
    ml_use: str
    width: int
    height: int
    boxes: list[LabelledBox] = field(default_factory=list)

    def import_line(self) -> str:
        """The scene as a line of Vertex AI's JSONL import format (bounding boxes normalised to 0..1)."""
        annotations = [
            {
                "displayName": box.label,
                "xMin": round(box.xmin / self.width, 6),
                "yMin": round(box.ymin / self.height, 6),
                "xMax": round(box.xmax / self.width, 6),
                "yMax": round(box.ymax / self.height, 6),
            }
            for box in self.boxes
        ]
        return json.dumps(
            {
                "imageGcsUri": self.name,
                "boundingBoxAnnotations": annotations,
                "dataItemResourceLabels": {"aiplatform.googleapis.com/ml_use": self.ml_use},
            }
        )
