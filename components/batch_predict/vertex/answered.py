"""The answers of the service, sorted out: in whatever order and files they came, one per record."""

import json
import sqlite3
from pathlib import Path
from typing import Any

from ...models.predictions import AnyPrediction
from ...prediction.answers import INTERNAL, said
from ...vertex.batch_results import all_lines, answer
from ..material import Line
from .wording import Asked, Wording

_MOST_SAID, _MOST_LISTED = 300, 10


class Answered:
    """Answers by mark, in a file on this machine, since there may be more than memory holds."""

    def __init__(self, file: Path, wording: Wording) -> None:
        self._table = sqlite3.connect(file)
        self._table.execute("CREATE TABLE answers (mark TEXT PRIMARY KEY, answer TEXT) WITHOUT ROWID")
        self._wording = wording
        self._statistics: list[str] = []

    def read(self, folder: str) -> None:
        """Reads a folder of results. Of several answers for a record a prediction counts, and of these the last."""
        for record in all_lines(folder):
            if isinstance(record, str):
                self._statistics = [*self._statistics, record][:_MOST_LISTED]
            elif mark := self._wording.mark_of(record):
                tail = _tail(record)
                verb = "IGNORE" if "error" in tail else "REPLACE"
                self._table.execute(f"INSERT OR {verb} INTO answers VALUES (?, ?)", (mark, json.dumps(tail)))

    def __len__(self) -> int:
        return self._table.execute("SELECT COUNT(*) FROM answers").fetchone()[0]

    def __contains__(self, asked: Asked) -> bool:
        return self._found(asked) is not None

    def line(self, asked: Asked) -> Line:
        """The line of a record: its prediction, what went wrong with it, or that the service has lost it."""
        tail = self._found(asked) or {"error": {"code": INTERNAL, "message": self._lost}}
        return {"key": asked.key, "instance": asked.instance, **tail}

    def close(self) -> None:
        self._table.close()

    def _found(self, asked: Asked) -> dict[str, Any] | None:
        mark = self._wording.mark(asked)
        found = self._table.execute("SELECT answer FROM answers WHERE mark = ?", (mark,)).fetchone()
        return json.loads(found[0]) if found else None

    @property
    def _lost(self) -> str:
        """What is said of a record that has no answer."""
        said = f" It said: {' '.join(self._statistics)[:_MOST_SAID]}" if self._statistics else ""
        return f"the service gave no answer for this record; predict it again.{said}"


def _tail(record: dict[str, Any]) -> dict[str, Any]:
    """{"prediction"} or {"error": {"code", "message"}}, whichever way it was said."""
    prediction = record.get("prediction")
    # Our container puts what is wrong with an instance in the place of its prediction, so that no other one suffers.
    error = prediction.get("error") if isinstance(prediction, dict) else record.get("error")
    if error is not None:
        return {"error": _error(error)}
    try:
        return said(_prediction(prediction))
    except (AttributeError, KeyError, TypeError, ValueError):
        return {"error": _error(f"the model answered in no form that is known here: {prediction!r}")}


def _prediction(prediction: Any) -> AnyPrediction:
    return {"outputs": prediction["outputs"]} if "outputs" in prediction else answer(prediction)


def _error(error: Any) -> dict[str, Any]:
    if isinstance(error, dict) and "message" in error:
        code = error.get("code")  # a number of JSON may have come back as 3.0
        return {"code": int(code) if isinstance(code, int | float) else INTERNAL, "message": str(error["message"])}
    return {"code": INTERNAL, "message": str(error)[:_MOST_SAID]}
