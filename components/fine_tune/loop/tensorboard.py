"""Scalars for TensorBoard."""

from collections.abc import Mapping

import tensorflow as tf


class TensorBoard:
    """Writes into a folder; a resumed training writes on in a file beside those of the first one."""

    def __init__(self, folder: str) -> None:
        """Takes the folder or gs:// URI; "" to write nothing."""
        self._writer = tf.summary.create_file_writer(folder) if folder else tf.summary.create_noop_writer()

    def write(self, step: int, values: Mapping[str, float]) -> None:
        """Writes numbers by name."""
        with self._writer.as_default(step):
            for name, value in values.items():
                tf.summary.scalar(name, value)
        self._writer.flush()
