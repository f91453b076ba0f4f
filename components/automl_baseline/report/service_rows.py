"""What is known of a model that a service trained: where it is, what it cost, and in which formats it was exported."""

from collections.abc import Mapping
from typing import Any

from ...reports.formats import number

# Parameters of such a model that are told here.
TOLD = {"vertex", "model_type", "budget_milli_node_hours", "cost_milli_node_hours", "cost_usd", "exports"}
# As `TrainingJob._dashboard_uri` of google-cloud-aiplatform makes it.
_CONSOLE = "https://console.cloud.google.com/agent-platform/locations/{location}/training/{id}?project={project}"


def service_rows(parameters: Mapping[str, Any]) -> dict[str, Any] | None:
    """What the page tells of such a model; None for one that was trained here.

    Returns:
        {"facts": rows of the macro `facts`, "resources": {name: resource name}, "console": link to the training,
        "exports": {format: URI}}.
    """
    if "vertex" not in parameters:
        return None
    resources = {name: _joined(value) for name, value in parameters["vertex"].items() if value}
    return {
        "facts": _facts(parameters),
        "resources": resources,
        "console": _console(resources.get("training_pipeline", "")),
        "exports": {name: _joined(list(places.values())) for name, places in parameters.get("exports", {}).items()},
    }


def _facts(parameters: Mapping[str, Any]) -> list[dict[str, str]]:
    values = {
        "type of model": parameters.get("model_type"),
        "node hours of budget": _number(parameters, "budget_milli_node_hours", 1000),
        "node hours used": _number(parameters, "cost_milli_node_hours", 1000),
        "US dollars, by the list price": _number(parameters, "cost_usd"),
    }
    return [{"value": value, "label": label} for label, value in values.items() if value]


def _console(pipeline: str) -> str:
    """Of projects/PROJECT/locations/LOCATION/trainingPipelines/ID; "" of any other name."""
    match pipeline.split("/"):
        case ["projects", project, "locations", location, "trainingPipelines", identity]:
            return _CONSOLE.format(project=project, location=location, id=identity)
    return ""


def _number(parameters: Mapping[str, Any], name: str, unit: float = 1) -> str:
    return number(parameters[name] / unit) if parameters.get(name) is not None else ""


def _joined(value: Any) -> str:
    return ", ".join(map(str, value)) if isinstance(value, list) else str(value)
