"""Several ONNX models as one. (stub: ENSEMBLE)"""

from ..models.folder import ModelFolder
from ..models.onnx_runner import OnnxRunner

ENSEMBLE = "ensemble.json"


class Ensemble(OnnxRunner):
    """Stub of the lead."""

    def __init__(self, folder: ModelFolder) -> None:
        raise NotImplementedError
