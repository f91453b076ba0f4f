"""The server as an InferenceService of KServe.

https://kserve.github.io/website/docs/reference/crd-api: a custom predictor. KServe brings what STORAGE_URI names to
/mnt/models before the container starts, if that is called `kserve-container`.
"""

import re
from typing import Any

from ..errors import InputError

COMMAND = ["python", "-m", "graduate.components.online"]
_MODEL_MOUNT = "/mnt/models"
_PORT = 8080
# Two workers, each with one of the largest images that are taken.
_RESOURCES = {"cpu": "2", "memory": "2Gi"}
_NAME = re.compile(r"[a-z]([-a-z0-9]{0,61}[a-z0-9])?")  # KServe's rule, and DNS' for the length


def inference_service(name: str, model_uri: str, image: str) -> dict[str, Any]:
    """The manifest of an InferenceService, serving.kserve.io/v1beta1.

    Args:
        name: of the service and of the model in its routes; lower-case letters, digits and hyphens.
        model_uri: of the model folder, or of a folder with an ONNX file: gs://, s3://, pvc:// or another of KServe's.
        image: container image `predict`.

    Raises:
        InputError: the name is none, or the URI has no scheme.
    """
    if not _NAME.fullmatch(name):
        raise InputError(f"{name!r} is no name for KServe: lower-case letters, digits and hyphens, a letter first")
    if "://" not in model_uri:
        raise InputError(f"{model_uri} is no URI that KServe can read a model from: give one such as gs://bucket/model")
    container = {
        "name": "kserve-container",
        "image": image,
        "command": COMMAND,
        "env": [
            {"name": "STORAGE_URI", "value": model_uri},
            {"name": "AIP_STORAGE_URI", "value": _MODEL_MOUNT},
            {"name": "AIP_HTTP_PORT", "value": str(_PORT)},
            {"name": "GRADUATE_NAME", "value": name},
        ],
        "ports": [{"containerPort": _PORT, "protocol": "TCP"}],
        "readinessProbe": {"httpGet": {"path": f"/v1/models/{name}", "port": _PORT}, "periodSeconds": 5},
        "resources": {"requests": dict(_RESOURCES), "limits": dict(_RESOURCES)},
        "securityContext": {
            "runAsNonRoot": True,
            "allowPrivilegeEscalation": False,
            "capabilities": {"drop": ["ALL"]},
        },
    }
    annotations = {"prometheus.io/scrape": "true", "prometheus.io/port": str(_PORT), "prometheus.io/path": "/metrics"}
    return {
        "apiVersion": "serving.kserve.io/v1beta1",
        "kind": "InferenceService",
        "metadata": {"name": name, "annotations": annotations},
        "spec": {"predictor": {"containers": [container]}},
    }
