"""The model that is served: the bytes of a request in, the bytes of its answer out, all in one thread."""

import base64
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import orjson
import simplejpeg

from ..errors import InputError
from ..models.folder import ColumnsInput
from ..prediction.answers import Outcome, said, select
from ..prediction.fetch import fetch_model
from ..prediction.ids import add_ids
from ..prediction.instances import image_of, row_of
from ..prediction.outcomes import row_outcomes
from ..prediction.predictor import Predictor, open_predictor
from ..prediction.reading import Reading
from .request import Body, understand
from .settings import Settings


@dataclass(frozen=True)
class Answer:
    """What is answered.

    Attributes:
        body: JSON, {"predictions": [...]}.
        predicted: instances that were.
        failed: instances that have an error in their place.
    """

    body: bytes
    predicted: int
    failed: int


class ServedModel:
    """A loaded model; its calls may run beside one another in threads."""

    def __init__(self, predictor: Predictor, settings: Settings) -> None:
        """Takes a model.

        Raises:
            InputError: it is one that cannot be asked for single instances.
        """
        if predictor.input["kind"] == "series":
            raise InputError(
                f"{predictor.name} forecasts from the whole past of a series, which a request does not hold: "
                "predict with batch_predict"
            )
        self.name = predictor.name
        self._predictor, self._settings = predictor, settings
        self._indices = {label: place for place, label in enumerate(predictor.labels)}

    def warm_up(self) -> None:
        """Predicts something made up, so that the first request does not wait for what is made once.

        Raises:
            Exception: the model cannot predict.
        """
        (outcome,) = self._outcomes([self._made_up()])
        if isinstance(outcome, Exception):
            raise outcome

    def answer(self, data: bytes) -> Answer:
        """Answers a request: a prediction per instance in their order, or what was wrong with it.

        Args:
            data: body of the request.

        Raises:
            RequestError: the body as a whole is no good.
        """
        body = understand(data, self._settings.max_instances)
        answers = [self._said(outcome, body) for outcome in self._outcomes(body.instances)]
        failed = sum("error" in answer for answer in answers)
        return Answer(orjson.dumps({"predictions": answers}), len(answers) - failed, failed)

    def _made_up(self) -> dict[str, Any]:
        described = self._predictor.input
        if described["kind"] == "columns":
            return dict.fromkeys(each["name"] for each in described["columns"])
        grey = np.full((described["height"] or 64, described["width"] or 64, 3), 128, np.uint8)
        return {"b64": base64.b64encode(simplejpeg.encode_jpeg(grey)).decode()}

    def _outcomes(self, instances: Sequence[Any]) -> Sequence[Outcome]:
        described = self._predictor.input
        if described["kind"] == "columns":
            return self._row_outcomes(instances, described)
        return [self._image_outcome(instance) for instance in instances]

    def _image_outcome(self, instance: Any) -> Outcome:
        try:
            return self._predictor.predict_images([image_of(instance, max_pixels=self._settings.max_pixels)])[0]
        except Exception as error:  # onnxruntime's errors have no public base class
            return error

    def _row_outcomes(self, instances: Sequence[Any], described: ColumnsInput) -> Sequence[Outcome]:
        from ..prediction.rows import typed_rows  # pandas, which servers of images need not wait for

        outcomes: dict[int, Outcome] = {}
        rows = {}
        for place, instance in enumerate(instances):
            try:
                rows[place] = row_of(instance)
            except Exception as error:
                outcomes[place] = error
        if rows:
            batch, faults = typed_rows(list(rows.values()), described)
            good = [at for at in range(batch.num_rows) if at not in faults]
            predicted = row_outcomes(self._predictor, batch.take(good)) if good else []
            by_row = {**faults, **dict(zip(good, predicted, strict=True))}
            outcomes |= {place: by_row[at] for at, place in enumerate(rows)}
        return [outcomes[place] for place in range(len(instances))]

    def _said(self, outcome: Outcome, body: Body) -> Any:
        answer = said(outcome)
        if "error" in answer:
            return answer
        kept = select(answer["prediction"], body.confidence_threshold, body.max_predictions)
        return add_ids(kept, self._indices)


def _beside(model: Path, reading: Reading) -> Reading:
    """With the file of the labels found beside an ONNX file: a container on a service gets nothing but that folder."""
    beside = model.parent / reading.labels
    return replace(reading, labels=str(beside)) if reading.labels and beside.is_file() else reading


def load(settings: Settings) -> ServedModel:
    """Fetches, opens and tries a model.

    Raises:
        InputError: it cannot be read, is no model, or is one that cannot be served.
    """
    with tempfile.TemporaryDirectory(prefix="model-") as room:
        path = fetch_model(settings.model, Path(room))
        predictor = open_predictor(path, _beside(path, settings.reading))
    model = ServedModel(predictor, settings)
    model.warm_up()
    return model
