"""When an ONNX graph agrees with the model that it was made of, and what is said when it does not."""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from ..errors import FinalError

# The largest difference accepted, in the measure that each kind of baseline states.
TOLERANCE = 1e-5
_NAMED_ROWS = 10


def largest_accepted(differences: NDArray[np.floating], names: Sequence[str]) -> float:
    """The largest of the differences between a graph's answers and its source's.

    Args:
        differences: float [N], of N rows; one that is NaN counts as too large.
        names: of the rows.

    Raises:
        FinalError: some rows differ by more than `TOLERANCE`; the sentence names them.
    """
    differing = np.flatnonzero(~(differences <= TOLERANCE))
    if len(differing):
        named = ", ".join(names[int(place)] for place in differing[:_NAMED_ROWS])
        raise FinalError(
            f"The ONNX graph disagrees with its source by up to {differences.max():.3g} (accepted: {TOLERANCE:g}) on"
            f" {len(differing)} of {len(names)} rows, among them {named}; this baseline is not usable, please"
            " report it."
        )
    return float(differences.max())
