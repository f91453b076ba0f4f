"""Labelled texts of Vertex AI's import files and of folders, as a table with the columns ml_use, text and label.

Formats: "Prepare text training data for classification", single-label,
https://cloud.google.com/vertex-ai/docs/text-data/classification/prepare-data:

    [ML_USE,]TEXT_OR_GCS_URI,LABEL                                                        rows of a .csv file
    {"textContent" or "textGcsUri", "classificationAnnotation": {"displayName"},
     "dataItemResourceLabels": {"aiplatform.googleapis.com/ml_use"}}                      lines of a .jsonl file
    [<split>/]<label>/<text>.txt                                                          files of a folder

An extension of ours: a path from the import file's folder that ends in .txt is accepted as URI.
"""

import re
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, replace

import pyarrow as pa

from ...errors import InputError
from .. import storage
from ..items import ColumnType, Reject
from ..splits import named_split, splits_and_labels
from ..threads import map_in_order
from .csv_rows import Row, csv_rows
from .json_lines import Line, json_lines
from .tables import Chunk, Table

LABEL_COLUMN = "label"

_URI = re.compile(r"gs://.+|\S+\.txt")
# A text may be long.
_TEXTS_PER_CHUNK = 1024


@dataclass(frozen=True, slots=True)
class _Document:
    """A labelled text, or where it is kept."""

    line: int | str
    ml_use: str
    label: str
    text: str = ""
    uri: str = ""


_Documents = Iterable[_Document | Reject]


def open_texts(source: str) -> Table:
    """Opens labelled texts; their files are fetched as the table is streamed.

    Args:
        source: local path or `gs://` URI of an import file (`.csv`, `.jsonl`) or a folder.

    Raises:
        InputError: the folder holds no texts.
        OSError: it cannot be read.
    """
    match source.lower().rpartition(".")[2]:
        case "csv":
            return _table(source, lambda: _csv_documents(source))
        case "jsonl" | "ndjson":
            return _table(source, lambda: _jsonl_documents(source))
    names = [storage.relative_name(uri, source) for uri in storage.list_files(source)]
    names = [name for name in names if name.lower().endswith(".txt")]
    if not names:
        raise InputError(
            f"{source} holds no texts: give a table (.csv, .parquet), a Vertex AI import file (.csv, .jsonl), or a "
            "folder [<split>/]<label>/<text>.txt."
        )
    return _table(source.rstrip("/"), lambda: _folder_documents(source, names))


def _table(source: str, documents: Callable[[], _Documents]) -> Table:
    name = storage.file_name(source)
    types = {"text": ColumnType.TEXT, LABEL_COLUMN: ColumnType.CATEGORY}
    return Table(name, ["ml_use", *types], lambda: _chunks(documents(), name), types)


def _chunks(documents: _Documents, name: str) -> Iterator[Chunk | Reject]:
    waiting: list[_Document] = []
    for document in map_in_order(lambda document: _with_text(document, name), documents):
        if isinstance(document, Reject):
            yield document
            continue
        waiting.append(document)
        if len(waiting) == _TEXTS_PER_CHUNK:
            yield _chunk(waiting)
            waiting = []
    if waiting:
        yield _chunk(waiting)


def _chunk(documents: list[_Document]) -> Chunk:
    cells = {
        "ml_use": [each.ml_use for each in documents],
        "text": [each.text for each in documents],
        LABEL_COLUMN: [each.label for each in documents],
    }
    arrays = [pa.array(column, pa.string()) for column in cells.values()]
    return Chunk(pa.record_batch(arrays, list(cells)), [each.line for each in documents])


def _with_text(document: _Document | Reject, name: str) -> _Document | Reject:
    """Reads the file of a document that has one."""
    if isinstance(document, Reject) or not document.uri:
        return document
    try:
        return replace(document, text=storage.read_bytes(document.uri).decode("utf-8-sig"))
    except UnicodeDecodeError as error:
        detail = f"not UTF-8: {error.reason} at byte {error.start}"
    except (OSError, ValueError) as error:  # ValueError: a name that no file can have.
        detail = str(error)
    return Reject(f"{name}:{document.line}", document.uri, "unreadable_file", detail, document.ml_use)


def _csv_documents(uri: str) -> Iterator[_Document | Reject]:
    folder, name = storage.parent(uri), storage.file_name(uri)
    for row in csv_rows(uri):
        if isinstance(row, Reject):
            yield row
            continue
        try:
            yield _of_row(row, folder)
        except ValueError as error:
            yield Reject(f"{name}:{row.line}", "", "bad_row", str(error))


def _of_row(row: Row, folder: str) -> _Document:
    first = row.cells[0]
    # Of two cells, an empty first one is a text that is missing.
    ml_use = named_split(first) if first or len(row.cells) > 2 else None
    text, *labels = row.cells if ml_use is None else row.cells[1:]
    labels = [label.strip() for label in labels if label.strip()]
    return _document(row.line, ml_use or "", labels, text, folder, is_uri=bool(_URI.fullmatch(text.strip())))


class _TextLine(Line):
    text_content: str = ""
    text_gcs_uri: str = ""


def _jsonl_documents(uri: str) -> Iterator[_Document | Reject]:
    folder, name = storage.parent(uri), storage.file_name(uri)
    for line in json_lines(uri, _TextLine):
        if isinstance(line, Reject):
            yield line
            continue
        number, content = line
        text = content.text_gcs_uri or content.text_content
        try:
            yield _document(number, content.ml_use, content.labels, text, folder, is_uri=bool(content.text_gcs_uri))
        except ValueError as error:
            yield Reject(f"{name}:{number}", "", "bad_row", str(error), content.ml_use)


def _document(line: int, ml_use: str, labels: list[str], text: str, folder: str, *, is_uri: bool) -> _Document:
    if len(labels) > 1:
        raise ValueError(f"{len(labels)} labels where a text has one (a text with commas stands in quotes)")
    label = labels[0] if labels else ""
    if is_uri:
        return _Document(line, ml_use, label, uri=storage.join(folder, text.strip()))
    return _Document(line, ml_use, label, text)


def _folder_documents(folder: str, names: list[str]) -> Iterator[_Document]:
    for name, split, label in splits_and_labels(names):
        yield _Document(name, split, label, uri=storage.join(folder, name))
