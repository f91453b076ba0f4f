"""The answers of the service, sorted out: in whatever order and files they came, one per record."""

import json
import sqlite3
from pathlib import Path
from typing import Any

from ...models.predictions import AnyPrediction
from ...prediction.answers import INTERNAL
from ...vertex.batch_results import answer, result_lines, statistics_of_errors
from ..material import Line, line
from .wording import Asked, Wording

_MOST_SAID = 300


class Answered:
    """Answers by mark, in a file on this machine, since there may be more than memory holds."""

    def __init__(self, file: Path, wording: Wording) -> None:
        self._table = sqlite3.connect(file)
        self._table.execute("CREATE TABLE answers (mark TEXT PRIMARY KEY, answer TEXT) WITHOUT ROWID")
        self._wording = wording
        self._statistics: list[str] = []

    def read(self, folder: str) -> None:
        """Reads a folder of results. Of several answers for a record a prediction counts, and of these the last."""
        for record in result_lines(folder):
            said = _said(record)
            verb = "IGNORE" if "error" in said else "REPLACE"
            row = (self._wording.mark_of(record), json.dumps(said))
            self._table.execute(f"INSERT OR {verb} INTO answers VALUES (?, ?)", row)
        self._statistics += statistics_of_errors(folder)

    def __len__(self) -> int:
        return self._table.execute("SELECT COUNT(*) FROM answers").fetchone()[0]

    def __contains__(self, asked: Asked) -> bool:
        return self._found(asked) is not None

    def line(self, asked: Asked) -> Line:
        """The line of a record: its prediction, what went wrong with it, or that the service has lost it."""
        said: Any = self._found(asked) or {"error": {"code": INTERNAL, "message": self._lost}}
        if "error" in said:
            return {"key": asked.key, "instance": asked.instance, "error": said["error"]}
        return line(asked.key, asked.instance, said["prediction"])

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


def _said(record: dict[str, Any]) -> dict[str, Any]:
    """{"prediction"} or {"error": {"code", "message"}}, whichever way it was said."""
    prediction = record.get("prediction")
    # Our container puts what is wrong with an instance in the place of its prediction, so that no other one suffers.
    error = prediction.get("error") if isinstance(prediction, dict) else record.get("error")
    if error is not None:
        return {"error": _error(error)}
    try:
        return {"prediction": _prediction(prediction)}
    except (KeyError, TypeError, ValueError):
        return {"error": _error(f"the model answered in no form that is known here: {prediction!r}")}


def _prediction(prediction: Any) -> AnyPrediction:
    return {"outputs": prediction["outputs"]} if "outputs" in prediction else answer(prediction)


def _error(error: Any) -> dict[str, Any]:
    if isinstance(error, dict) and "message" in error:
        return {"code": int(error.get("code", INTERNAL)), "message": str(error["message"])}
    return {"code": INTERNAL, "message": str(error)[:_MOST_SAID]}
