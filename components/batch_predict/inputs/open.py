"""Which reader an input is for. (stub: INPUTS)"""

from ...prediction.predictor import Predictor
from ..records import Source


def open_source(input: str, model: Predictor) -> Source:
    """Opens what is to be predicted; see the task of INPUTS."""
    raise NotImplementedError
