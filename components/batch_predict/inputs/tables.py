"""What opens each kind of file for a model of tables; apart, as it loads pandas, which models of images do without."""

from collections.abc import Mapping
from functools import partial

from ...models.folder import ColumnsInput
from .csv_tables import open_csv
from .json_lines import ROW_LINES
from .kinds import Kind
from .listing import Opener
from .parquet_tables import open_parquet
from .row_records import open_rows
from .tfrecords import ROW_FRAMES


def table_openers(described: ColumnsInput) -> Mapping[Kind, Opener]:
    """What opens each kind of file for a model with these inputs."""
    return {
        Kind.CSV: partial(open_csv, described=described),
        Kind.PARQUET: partial(open_parquet, described=described),
        Kind.JSON_LINES: partial(open_rows, described=described, reader=ROW_LINES),
        Kind.TFRECORD: partial(open_rows, described=described, reader=ROW_FRAMES),
    }
