"""HTML pages: Jinja2 templates over one base, self-contained and without scripts.

A component's template lies in its own folder, starts with `{% extends "reports/templates/base.html" %}` and takes its
parts from the macros: `{% import "reports/templates/macros.html" as m %}`.
"""

from pathlib import Path
from typing import Any

from jinja2 import Environment, FileSystemLoader, StrictUndefined

from ..data.storage import write_atomically
from . import formats

_COMPONENTS = Path(__file__).parents[1]


def environment(*folders: Path) -> Environment:
    """Jinja2 environment of the pages.

    Args:
        folders: where templates are looked for before `components/`.

    Returns:
        An environment that escapes everything, fails on undefined names, and has the filters of `formats.py`.
    """
    pages = Environment(
        loader=FileSystemLoader([*folders, _COMPONENTS]),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    pages.filters |= {function.__name__: function for function in formats.FILTERS}
    return pages


def render(template_name: str, **context: Any) -> str:
    """Fills in a template.

    Args:
        template_name: path of the template from `components/`, such as `data_quality_gate/page.html`.
        context: the names that the template uses; `title` is always needed.

    Returns:
        A self-contained HTML document.

    Raises:
        jinja2.UndefinedError: the template uses a name that the context does not have.
    """
    return environment().get_template(template_name).render(**context)


def write_page(path: str | Path, html: str) -> None:
    """Writes a page whole or not at all; its folder is made where missing."""
    with write_atomically(path) as aside:
        aside.write_text(html, encoding="utf-8")
