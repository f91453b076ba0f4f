"""Records: what an input consists of, cheap enough to be sent to a worker."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Literal, Protocol

from ..errors import InputError

if TYPE_CHECKING:
    import pyarrow as pa


@dataclass(frozen=True, slots=True)
class Record:
    """One thing to be predicted, not yet looked at.

    Attributes:
        key: names it in the results: the user's own key, or the file's name relative to the input, or `source`.
        source: where the input has it, such as `requests.jsonl:12`.
        form: `file` is an image file to be read; `image` is one's content; `example` is a serialized tf.train.Example
            with an image or a row; `json` is the text of an instance; `bad` is none of these, as `fault` says.
        uri: of the image file.
        payload: the content, of the other forms.
        sha256: digest that the image file must have; "" for any.
        fault: what is wrong with it, in a sentence.
    """

    key: str
    source: str
    form: Literal["file", "image", "example", "json", "bad"]
    uri: str = ""
    payload: bytes = b""
    sha256: str = ""
    fault: str = ""


@dataclass(frozen=True, slots=True)
class Rows:
    """Rows of a table.

    Attributes:
        batch: of the model's column types, or of text where they come from CSV; with `__id__`, the keys.
        faults: what is wrong with some of them, by place.
    """

    batch: "pa.RecordBatch"
    faults: dict[int, InputError] = field(default_factory=dict)

    def __len__(self) -> int:
        return self.batch.num_rows


Chunk = list[Record] | Rows


class Source(Protocol):
    """An input, opened.

    Attributes:
        unit: what its records are called: `images` or `rows`.
        digest: SHA-256 that changes when what is to be predicted does: of names and versions, not of contents.
        count: how many records it has.
        rejects: records that an importer has set aside before (data sets only), each as JSON values.
    """

    unit: Literal["images", "rows"]
    digest: str
    count: int
    rejects: list[dict[str, Any]]

    def chunks(self, size: int) -> Iterator[Chunk]:
        """Yields all records in order, `size` at a time (the last chunk may hold fewer), reading as it goes."""
        ...
