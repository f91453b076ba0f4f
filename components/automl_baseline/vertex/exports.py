"""Exports of the model to the staging bucket, in the formats that it offers."""

from functools import partial
from typing import Any

from google.cloud import aiplatform
from google.cloud.aiplatform_v1 import types

from ...errors import InputError
from ...vertex.connect import patiently
from .plan import Plan
from .settings import VertexSettings

_CONTENT = types.Model.ExportFormat.ExportableContent


def export_model(plan: Plan, model: aiplatform.Model) -> dict[str, dict[str, str]]:
    """Exports the model.

    Args:
        plan: of the training; its settings say in which formats.
        model: that it has made.

    Returns:
        By format, where it is: `artifactOutputUri` or `imageOutputUri` or both. A model that runs on the service only
        has none.

    Raises:
        InputError: the model is not offered in a format that was asked for.
    """
    offered = model.supported_export_formats
    asked = [each.strip() for each in plan.settings.export_formats.split(",") if each.strip()]
    if unknown := [each for each in asked if each not in offered]:
        raise InputError(
            f"vertex_export_formats has {unknown[0]!r}: this model is offered in {', '.join(offered) or 'no format'}. "
            "Edge types of image models (MOBILE_TF_...) are made for export."
        )
    exports = {}
    for name in asked or offered:
        places = _places(offered[name], plan.settings, f"{plan.folder}/exports/{model.name}/{name}")
        if not places:
            print(f"export: {name} is a container image, give vertex_export_image to have it", flush=True)
            continue
        print(f"export: {name} ...", flush=True)
        exports[name] = patiently(partial(model.export_model, export_format_id=name, **places))
    return exports


def _places(contents: list[Any], settings: VertexSettings, folder: str) -> dict[str, Any]:
    places: dict[str, Any] = {"artifact_destination": folder} if _CONTENT.ARTIFACT in contents else {}
    if _CONTENT.IMAGE in contents and settings.export_image:
        places["image_destination"] = settings.export_image
    return places
