"""What the self-test measured: self_test.json, self_test.html, and a table on the terminal."""

import json
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from ...components.data.items import Task
from ...components.data.storage import write_atomically
from ...components.data_quality_gate.rules import RULES
from ...components.reports.formats import percent
from ...components.reports.page import environment, write_page
from .planting import Spoiled
from .score import Score

DATA_FILE, PAGE_FILE = "self_test.json", "self_test.html"
_TEMPLATES = Path(__file__).parent
_HEADINGS = ("fault", "planted", "found", "recall", "precision", "reported", "as before")


@dataclass(frozen=True)
class SelfTest:
    """A self-test that has ended.

    Attributes:
        folder: of the results.
        task: of the data.
        seed: by which faults were planted.
        counts: items of each split of the data as they are.
        spoiled: the data with faults.
        scores: of each rule.
    """

    folder: Path
    task: Task
    seed: int
    counts: dict[str, int]
    spoiled: Spoiled
    scores: Sequence[Score]

    @property
    def page(self) -> Path:
        """The page for people."""
        return self.folder / PAGE_FILE

    @property
    def planted(self) -> list[Score]:
        """Scores of the rules by which something was planted."""
        return [score for score in self.scores if score.planted]

    @property
    def side_effects(self) -> dict[str, int]:
        """Cases more than in the data as they are, of rules by which nothing was planted and that tell of no fault."""
        others = (score for score in self.scores if not score.planted)
        return {score.rule: score.reported - score.right for score in others if score.reported > score.right}

    def lines(self) -> Iterator[str]:
        """Yields the lines of a table for the terminal."""
        rows = [_HEADINGS, *(_cells(score) for score in self.planted)]
        widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
        for row in rows:
            yield "  ".join(
                cell.rjust(width) if place else cell.ljust(width)
                for place, (cell, width) in enumerate(zip(row, widths, strict=True))
            ).rstrip()
        yield from (f"{rule} was not planted: {why}" for rule, why in self.spoiled.not_planted.items())
        yield from (
            f"{score.rule} could not be looked for: {score.not_judged}" for score in self.scores if score.not_judged
        )

    def as_json(self) -> dict[str, Any]:
        """Content of self_test.json."""
        return {
            "task": self.task,
            "seed": self.seed,
            "items": self.counts,
            "spoiled_data": self.spoiled.source,
            "spoiled_items": len(self.spoiled.origins),
            "faults": [_as_json(score) for score in self.planted],
            "side_effects": self.side_effects,
            "not_planted": self.spoiled.not_planted,
        }


def write(result: SelfTest) -> None:
    """Writes the page, and last the JSON."""
    context = {
        "title": "Self-test of the gate",
        "result": result,
        "rules": RULES,
        "total": sum(score.planted for score in result.planted),
        "sampled": sum(result.counts.values()) > sum(bool(origin) for origin in result.spoiled.origins),
    }
    write_page(result.page, environment(_TEMPLATES).get_template("page.html").render(context))
    with write_atomically(result.folder / DATA_FILE) as file:
        text = json.dumps(result.as_json(), indent=2, ensure_ascii=False, allow_nan=False)
        file.write_text(text + "\n", encoding="utf-8")


def _cells(score: Score) -> tuple[str, ...]:
    figures = (score.reported, score.as_before)
    shares = (percent(score.recall), percent(score.precision))
    return (score.rule, f"{score.planted:,}", f"{score.found:,}", *shares, *(f"{figure:,}" for figure in figures))


def _as_json(score: Score) -> dict[str, Any]:
    return {
        "rule": score.rule,
        "planted": score.planted,
        "found": score.found,
        "recall": score.recall,
        "reported": score.reported,
        "right": score.right,
        "precision": score.precision,
        "as_before": score.as_before,
        "not_judged": score.not_judged,
        "missed": [asdict(fault) for fault in score.missed],
    }
