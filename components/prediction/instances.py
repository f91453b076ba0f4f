"""Instances: what JSON says of one thing to be predicted, in batch and online alike. (stub: INPUTS)

Images, each an object, with further keys left alone:
    {"b64": "..."}                             an image file in base64, as Vertex AI sends binary data to containers
    {"image_bytes": {"b64": "..."}}            the same under any name (TensorFlow Serving's form)
    {"content": "...", "mimeType": "..."}      the same, or a gs:// URI or path where files may be read (AutoML's form)
    {"image_tensor": [[[...]]]}                pixels, uint8 [H, W, 3]
Rows: an object of column name to value.
"""

from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray


def image_of(instance: Any, may_read_files: bool = False, max_pixels: int | None = None) -> NDArray[np.uint8]:
    """The pixels of an image instance.

    Raises:
        InputError: it is none of the forms above, its base64 is bad, or its image cannot be read.
    """
    raise NotImplementedError


def row_of(instance: Any) -> Mapping[str, Any]:
    """The row of a table's instance. Raises InputError where it is no object."""
    raise NotImplementedError
