"""Which reader an input is for."""

from collections.abc import Mapping
from functools import partial

from ...errors import InputError
from ...prediction.predictor import Predictor
from ..records import Source
from .datasets import is_dataset, open_dataset
from .image_files import LIST, open_images
from .import_csv import IMPORT_CSV
from .json_lines import IMAGE_LINES
from .kinds import Kind, kind_of
from .listing import Opener, list_by_kind
from .record_files import open_records
from .tfrecords import IMAGE_FRAMES


def open_source(input: str, model: Predictor) -> Source:
    """Opens what is to be predicted: local or `gs://`, read as a stream whenever its chunks are asked for.

    What it can be follows from what the model takes:

        all models          a data set of import_dataset (time series: nothing else)
        models of images    an image; a folder of images with subfolders; a list of files (.txt); a Vertex AI import
                            file (.jsonl, .csv); instances (.jsonl, see `prediction.instances`); TFRecord files
        models of tables    CSV with a header; Parquet; a row as an object per line (.jsonl); TFRecord files

    Several files of one kind may be given as a folder or a pattern with `*`; they are read in the order of their names.
    Of a folder in which there are images, the other files are left out. To know how many records there are, JSON lines,
    lists, CSV and TFRecord files are read once before.

    Keys are the user's own (`key` of an instance, a table or a tf.train.Example), or else the file's name, or where the
    record stands (`requests.jsonl:12`). They need not be unique; a record's `source` is.

    Args:
        input: local path or URI.
        model: what it is for.

    Raises:
        InputError: it cannot be read, is nothing that the model takes, or holds nothing.
    """
    if not input:  # which would be the working folder
        raise InputError("the input is empty: give a path or a gs:// URI")
    try:
        if is_dataset(input):
            return open_dataset(input, model)
        if model.input["kind"] == "series":
            raise InputError(
                f"{model.name} is a model of time series, which are predicted from their past: give the folder that "
                f"import_dataset wrote, not {input}"
            )
        return _open_files(input, model)
    except OSError as error:
        raise InputError(f"the input {input} cannot be read: {error}") from error


def _open_files(input: str, model: Predictor) -> Source:
    openers = _openers(model)
    found = list_by_kind(input)
    if kind_of(input) is not Kind.LIST:
        found.pop(Kind.LIST, None)  # such as a README.txt in the folder
    usable = [kind for kind in openers if kind in found]
    if Kind.IMAGE in usable:
        usable = [Kind.IMAGE]
    if not usable:
        raise InputError(f"{input} holds nothing that {model.name} takes: give {', '.join(openers)}, or a data set")
    if len(usable) > 1:
        raise InputError(f"{input} holds {' and '.join(usable)}: give files of one kind, such as by a pattern with *")
    source = openers[usable[0]](found[usable[0]])
    if not source.count:
        raise InputError(f"{input} has no records to predict")
    return source


def _openers(model: Predictor) -> Mapping[Kind, Opener]:
    if model.input["kind"] != "image":
        from .tables import table_openers

        return table_openers(model.input)
    return {
        Kind.IMAGE: open_images,
        Kind.LIST: partial(open_records, reader=LIST),
        Kind.JSON_LINES: partial(open_records, reader=IMAGE_LINES),
        Kind.CSV: partial(open_records, reader=IMPORT_CSV),
        Kind.TFRECORD: partial(open_records, reader=IMAGE_FRAMES),
    }
