"""What a run says on the terminal: one line when a step starts and ends, and its own progress in between."""

import sys
from collections.abc import Sequence

from rich import box
from rich.console import Console
from rich.table import Table
from rich.text import Text

from ..components.reports.formats import duration
from .run_record import State, StepRecord

_SIGNS = {
    State.SUCCEEDED: ("✓", "green"),
    State.REUSED: ("↺", "cyan"),
    State.FAILED: ("✕", "bold red"),
    State.INTERRUPTED: ("■", "yellow"),
}


class Terminal:
    """Writes to what standard output is when it is made; colours only on a terminal."""

    def __init__(self) -> None:
        self._console = Console(file=sys.stdout, highlight=False, soft_wrap=True)

    def say(self, text: str, style: str = "") -> None:
        """Writes a line."""
        self._console.print(Text(text, style))

    def table(self, columns: Sequence[str], rows: Sequence[Sequence[str]]) -> None:
        """Writes a table; what is in it is text, not markup. Its last column is never wrapped."""
        table = Table(*columns, box=box.SIMPLE_HEAD)
        table.columns[-1].no_wrap = True
        for row in rows:
            table.add_row(*map(Text, row))
        self._console.print(table)

    def started(self, step: StepRecord, attempt: int) -> None:
        """A step starts, or starts again."""
        again = f" (attempt {attempt})" if attempt > 1 else ""
        self._console.print(Text.assemble(("▶ ", "blue"), (step.display_name, "bold"), again))

    def said(self, step: StepRecord, line: str) -> None:
        """A step says how far it is."""
        self._console.print(Text.assemble((f"  {step.display_name} │ ", "dim"), line))

    def ended(self, step: StepRecord, last_lines: Sequence[str] = ()) -> None:
        """A step ended; `last_lines` of its log where it failed."""
        sign, style = _SIGNS[step.state]
        took = duration(step.seconds)
        reused = f": its results are still good (it took {took})" if step.seconds else ""
        outcome = {
            State.SUCCEEDED: f"in {took}",
            State.REUSED: f"not repeated{reused}",
            State.FAILED: f"failed after {took}: {step.reason}",
            State.INTERRUPTED: f"interrupted after {took}",
        }[step.state]
        for line in last_lines:
            self._console.print(Text(f"  {step.display_name} │ {line}", "dim"))
        self._console.print(Text.assemble((f"{sign} ", style), (step.display_name, "bold"), " ", outcome))
