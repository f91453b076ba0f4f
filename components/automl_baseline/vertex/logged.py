"""The hyperparameters that AutoML chose, which it tells in Cloud Logging only.

https://cloud.google.com/vertex-ai/docs/tabular-data/classification-regression/logging
"""

import os
from typing import Any

from google.api_core.exceptions import GoogleAPIError
from google.auth.credentials import AnonymousCredentials
from google.auth.exceptions import GoogleAuthError
from google.cloud import logging

from ...data.items import Task
from ...models.hyperparameters import Hyperparameters
from ...vertex.connect import EMULATOR_HOST

_LOG_TYPES = {
    Task.TABULAR_CLASSIFICATION: "automl_tables",
    Task.TABULAR_REGRESSION: "automl_tables",
    Task.TABULAR_FORECASTING: "automl_forecasting",
}
_STRUCTURE = "type.googleapis.com/google.cloud.automl.master.TablesModelStructure"


def logged_hyperparameters(task: Task, project: str, model: str, training: str) -> Hyperparameters:
    """Reads the hyperparameters of the models in the ensemble, or says why they are absent.

    Args:
        task: of the model; AutoML logs nothing for images.
        project: of the training.
        model: resource name of the model.
        training: resource name of the training pipeline.
    """
    if task not in _LOG_TYPES:
        return _absent("AutoML does not tell the hyperparameters of image models.")
    try:
        # The documentation does not tell whose id the log goes by.
        models = _models(task, project, model) or _models(task, project, training)
    except (GoogleAPIError, GoogleAuthError) as error:
        return _absent(f"The log of the training could not be read (roles/logging.viewer is needed): {error}")
    if not models:
        return _absent("The log of the training has no hyperparameters (any more): it is kept for 30 days.")
    note = "The models of AutoML's ensemble, from Cloud Logging, which keeps them for 30 days."
    return Hyperparameters(estimator="Vertex AI AutoML ensemble", hyperparameters={"models": models}, note=note)


def _models(task: Task, project: str, resource: str) -> list[dict[str, Any]]:
    wanted = {
        "resource.type": "cloudml_job",
        "resource.labels.job_id": resource.rpartition("/")[2],
        "labels.log_type": _LOG_TYPES[task],
        'jsonPayload."@type"': _STRUCTURE,
    }
    terms = " AND ".join(f'{field}="{value}"' for field, value in wanted.items())
    for entry in _client(project).list_entries(filter_=terms, max_results=1):
        return [each["hyperparameters"] for each in entry.payload["modelParameters"]]
    return []


def _client(project: str) -> logging.Client:
    server = os.environ.get(EMULATOR_HOST)
    if not server:
        return logging.Client(project=project)
    options = {"api_endpoint": server}
    return logging.Client(project=project, credentials=AnonymousCredentials(), client_options=options, _use_grpc=False)


def _absent(why: str) -> Hyperparameters:
    return Hyperparameters(estimator="", hyperparameters={}, note=why)
