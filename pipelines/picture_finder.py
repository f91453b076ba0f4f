"""The pictures that results are of, found again."""

import numpy as np
import orjson
from numpy.typing import NDArray

from ..components.batch_predict import material
from ..components.batch_predict.pictures import open_pictures, records_of
from ..components.batch_predict.records import Record, Source
from ..components.data import storage
from ..components.errors import InputError
from .result_lines import ResultLine


class PictureFinder:
    """Finds pictures where the results say, in a folder, or in what was predicted."""

    def __init__(self, images: str = "", input: str = "") -> None:
        """Opens the input.

        Args:
            images: folder of the pictures; "" for where the results say.
            input: what was predicted, for pictures that are inside files of records; "" for none.

        Raises:
            InputError: the input cannot be read, or holds no images.
        """
        self._images = images
        self._records = _Records(open_pictures(input)) if input else None

    def find(self, line: ResultLine) -> NDArray[np.uint8]:
        """The picture of a result, uint8 [height, width, 3], RGB.

        Raises:
            InputError: it is not there, or cannot be read.
        """
        if self._images:
            return self._in_folder(line)
        source = line.instance.get("source")
        if self._records and (record := self._records.find(str(source or ""), line.key)):
            return material.pixels(record)
        if source:
            what = "and not in the --input" if self._records else "give what was predicted as --input"
            raise InputError(f"it is in {source}, {what}")
        if not line.instance:
            raise InputError("the results do not say where it is: give its folder as --images")
        return material.pixels(Record(line.key, line.place, "json", payload=orjson.dumps(line.instance)))

    def _in_folder(self, line: ResultLine) -> NDArray[np.uint8]:
        for name in dict.fromkeys((line.key, storage.file_name(line.key))):
            uri = storage.join(self._images, name)
            if storage.exists(uri):
                return material.pixels(Record(line.key, line.place, "file", uri=uri))
        raise InputError(f"it is not in {self._images}")


class _Records:
    """The records of an input by source or key.

    Results come in the order of their input, so that one reading finds all of them; the search goes on where it was,
    and begins anew once for what is not behind that place. Nothing is held.
    """

    def __init__(self, source: Source) -> None:
        self._source = source
        self._stream = records_of(source)

    def find(self, source: str, key: str) -> Record | None:
        for stream in (self._stream, records_of(self._source)):
            self._stream = stream
            for record in stream:
                if record.source == source or (not source and record.key == key):
                    return record
        return None
