"""Which faults are planted for which task, by the rule that should find them.

In the order in which they are planted: rates first; columns that are made of labels after these; copies last.
"""

from collections.abc import Callable, Iterator, Mapping

from ...components.data.items import Task
from . import boxes, images, tables, texts
from .pictures import Pictures
from .planting import Planted
from .rows import Rows

_OfRows = Mapping[str, Callable[[Rows], Iterator[Planted]]]
_OfPictures = Mapping[str, Callable[[Pictures], Iterator[Planted]]]

_COLUMNS: _OfRows = {
    "label_missing": tables.label_missing,
    "drift": tables.drift,
    "schema_break": tables.schema_break,
    "mixed_types": tables.mixed_types,
    "type_break": tables.type_break,
    "range_break": tables.range_break,
    "leakage": tables.leakage,
    "missing_values": tables.missing_values,
    "constant_column": tables.constant_column,
    "id_column": tables.id_column,
}
_COPIED_ROWS: _OfRows = {"duplicate": tables.duplicate, "split_overlap": tables.split_overlap}
_FILES: _OfPictures = {
    "undecodable_image": images.undecodable_image,
    "dark_image": images.dark_image,
    "blurry_image": images.blurry_image,
    "low_information_image": images.low_information_image,
    "duplicate": images.duplicate,
    "near_duplicate": images.near_duplicate,
    "split_overlap": images.split_overlap,
}

OF_ROWS: Mapping[Task, _OfRows] = {
    Task.TABULAR_CLASSIFICATION: {
        "wrong_label": tables.wrong_label,
        **_COLUMNS,
        "near_duplicate": tables.near_duplicate,
        "contradiction": tables.contradiction,
        **_COPIED_ROWS,
    },
    Task.TABULAR_REGRESSION: {
        "wrong_value": tables.wrong_value,
        **_COLUMNS,
        "near_duplicate": tables.near_duplicate,
        **_COPIED_ROWS,
    },
    Task.TABULAR_FORECASTING: {
        "label_missing": tables.label_missing,
        "schema_break": tables.schema_break,
        "type_break": tables.type_break,
        "range_break": tables.range_break,
        "time_leakage": tables.time_leakage,
        "missing_values": tables.missing_values,
        "constant_column": tables.constant_column,
        "duplicate_time": tables.duplicate_time,
    },
    Task.TEXT_CLASSIFICATION: {
        "wrong_label": tables.wrong_label,
        "label_missing": tables.label_missing,
        "empty_text": texts.empty_text,
        "bad_encoding": texts.bad_encoding,
        "contradiction": tables.contradiction,
        **_COPIED_ROWS,
    },
}
OF_PICTURES: Mapping[Task, _OfPictures] = {
    Task.IMAGE_CLASSIFICATION: {"wrong_label": images.wrong_label, "label_missing": images.label_missing, **_FILES},
    Task.OBJECT_DETECTION: {
        "missing_box": boxes.missing_box,
        "wrong_label": boxes.wrong_label,
        "misplaced_box": boxes.misplaced_box,
        "box_out_of_range": boxes.box_out_of_range,
        "box_degenerate": boxes.box_degenerate,
        "duplicate_box": boxes.duplicate_box,
        **_FILES,
    },
}
