"""`graduate draw`: boxes and labels on the pictures themselves."""

import io
import re
from itertools import islice
from pathlib import PurePosixPath

from PIL import Image

from ..components.data import storage
from ..components.data.images import IMAGE_SUFFIXES
from ..components.data.progress import Progress
from ..components.errors import InputError
from ..components.reports.annotate import Annotator
from .picture_finder import PictureFinder
from .result_lines import ResultLine, read_results

_QUALITY = 92
_MAX_NAME_BYTES = 180


def draw(
    results: str,
    *,
    output: str,
    images: str = "",
    input: str = "",
    min_confidence: float = 0.5,
    limit: int = 0,
) -> None:
    """Draw boxes and labels on the images, from any result file.

    Args:
        results: file or folder of results: of batch_predict, of Vertex AI, or predictions/SPLIT.jsonl of a model
            folder; a path or a gs:// URI.
        output: folder for the pictures, as large as the images and named after their keys.
        images: folder of the images, where they are not, or no longer, where the results say.
        input: what was predicted, where the images are inside JSON lines or TFRecord files.
        min_confidence: boxes and labels less sure than this are left out, but for an image's surest label.
        limit: how many results are drawn, the first ones; all where not given.
    """
    if limit < 0 or not 0 <= min_confidence <= 1:
        raise InputError("give a --limit of 0 or more, and a --min-confidence between 0 and 1")
    finder, annotator, names = PictureFinder(images, input), Annotator(), _Names()
    progress, drawn, missing = Progress("draw", "images"), 0, []
    for line in islice(read_results(results), limit or None):
        try:
            picture = _annotated(line, finder, annotator, min_confidence)
        except InputError as error:
            missing.append(f"{line.key}: {error}")
            print(f"not drawn: {missing[-1]}", flush=True)
            continue
        storage.write_bytes(storage.join(output, names.of(line.key)), _jpeg(picture))
        drawn += 1
        progress.advance(note=f"{len(missing):,} not drawn")
    if not drawn:
        first = f"; the first is {missing[0]}" if missing else ""
        raise InputError(f"none of the {len(missing):,} results of {results} could be drawn{first}")
    print(f"{drawn:,} pictures in {output}" + (f", {len(missing):,} not drawn" if missing else ""))


def _annotated(line: ResultLine, finder: PictureFinder, annotator: Annotator, min_confidence: float) -> Image.Image:
    boxes = line.boxes(min_confidence)
    labels = line.labels(min_confidence) if boxes is None else []
    picture = Image.fromarray(finder.find(line))
    return annotator.caption(picture, labels) if boxes is None else annotator.boxes(picture, boxes)


def _jpeg(picture: Image.Image) -> bytes:
    file = io.BytesIO()
    picture.save(file, "JPEG", quality=_QUALITY, subsampling=0)  # at full colour resolution, or letters fray
    return file.getvalue()


class _Names:
    """File names that keys are made into: each another, none with a folder in it."""

    def __init__(self) -> None:
        self._given: set[str] = set()

    def of(self, key: str) -> str:
        path = PurePosixPath(key)
        stem = str(path.with_suffix("")) if path.suffix.lower() in IMAGE_SUFFIXES else key
        stem = re.sub(r"[^\w.-]+", "_", stem).strip("._")
        stem = stem.encode()[-_MAX_NAME_BYTES:].decode(errors="ignore") or "picture"
        name, number = stem, 1
        while name.lower() in self._given:  # some file systems know no capitals
            number += 1
            name = f"{stem}-{number}"
        self._given.add(name.lower())
        return f"{name}.jpg"
