"""report.html: one self-contained page per run."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from ..components.reports.formats import words
from ..components.reports.page import environment, write_page
from . import graph_picture, report_parts
from .run_record import RunRecord
from .spec_graph import Step
from .summary import comparison_sentence, compose, read_result

REPORT_FILE = "report.html"
_TEMPLATES = Path(__file__).parent


def write(record: RunRecord, steps: Mapping[str, Step]) -> Path:
    """Writes the report of a run into its folder.

    Args:
        record: of the run, in any state.
        steps: of its pipeline.

    Returns:
        The report's path.
    """
    path = record.folder / REPORT_FILE
    write_page(path, environment(_TEMPLATES).get_template(REPORT_FILE).render(_context(record, steps)))
    return path


def _context(record: RunRecord, steps: Mapping[str, Step]) -> dict[str, Any]:
    summary = compose(record)
    styles = {"wide": graph_picture.WIDE, "narrow": graph_picture.narrow(steps)}
    return {
        "title": words(record.pipeline).capitalize(),
        "record": record,
        "summary": summary,
        "graphs": {name: graph_picture.draw(steps, record.steps, style) for name, style in styles.items()},
        "verdict": read_result(record, "data-quality-gate", "verdict/verdict.json"),
        "metric_rows": report_parts.metric_rows(summary),
        "comparison": comparison_sentence(summary["comparison"]) if summary["comparison"] else "",
        "examples": report_parts.examples(record),
        "pages": list(report_parts.pages(record)),
    }
