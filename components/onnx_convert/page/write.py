"""Writes the page of a conversion."""

from pathlib import Path

from ...data.dataset import Dataset
from ...models import predictions
from ...reports.page import render, write_page
from ..certificate import Certificate
from ..source import Source
from .pictures import boxes_of_both, values_of_both


def write_conversion_page(path: Path, certificate: Certificate, source: Source, data: Dataset | None) -> None:
    """Writes the page, proven or not.

    Args:
        path: HTML file to write.
        certificate: what was found out.
        source: what was converted.
        data: the data set, for its pictures.
    """
    found = certificate.predicted
    recorded = dict(predictions.read(source.recorded)) if found and source.recorded else {}
    html = render(
        "onnx_convert/page/page.html",
        title="ONNX conversion",
        parity=certificate.as_json(),
        model=source.name,
        pictures=boxes_of_both(data, recorded, found) if data and recorded else [],
        values=values_of_both(recorded, found) if recorded else None,
    )
    write_page(path, html)
