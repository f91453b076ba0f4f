"""`graduate serve` and `graduate export-serving`: a model behind HTTP, on this machine or on others."""

from pathlib import Path
from typing import Annotated, NoReturn

import yaml
from cyclopts import Parameter

from ..components.data.storage import write_atomically
from ..components.errors import InputError
from ..components.models.folder import ModelFolder
from ..components.online.kserve import inference_service
from ..components.online.settings import Settings
from ..components.prediction.reading import Reading

_HELP = """The model is served at http://{host}:{port}/v1/models/model:predict; Ctrl-C stops it.
A request: {{"instances": [{{"b64": "an image file in base64"}}]}}, or {{"instances": [{{"a column": "its value"}}]}}.
"""


def serve(
    model: str,
    *,
    port: int = 8080,
    host: str = "127.0.0.1",
    reading: Annotated[Reading, Parameter(name="*")] = Reading(),  # noqa: B008  (it cannot be changed)
) -> NoReturn:
    """Serve a model on this machine, as its container does in the cloud.

    Args:
        model: a model folder or an ONNX file, a path or gs://.
        port: to listen at.
        host: address to listen at; 0.0.0.0 for all of this machine's.
        reading: how an ONNX file takes images.
    """
    from ..components.online.server import serve as serve_until_stopped

    settings = Settings(model=model, reading=reading, host=host, port=port)
    print(_HELP.format(host=host, port=port), flush=True)
    serve_until_stopped(settings)


def export_serving(model: Path, *, output: Path, image: str, uri: str, name: str = "model") -> None:
    """Write what other servers take a model with: kserve.yaml for KServe, triton/ for Triton Inference Server.

    Args:
        model: a model folder.
        output: folder to write; what an earlier export wrote there is replaced.
        image: the container image `predict`, for KServe.
        uri: where KServe reads the model folder from, such as gs://bucket/model.
        name: of the service.

    Raises:
        InputError: it is no model folder, has not been converted, or KServe would refuse a name.
    """
    from ..components.onnx_convert.triton import write_repository
    from ..components.prediction.ensemble import ENSEMBLE

    manifest = inference_service(name, uri, image)
    folder = ModelFolder.open(model)
    is_ensemble = (model / ENSEMBLE).exists()
    if not is_ensemble and not folder.onnx.is_file():
        raise InputError(f"{model} has no model.onnx: convert the model first (graduate component onnx_convert)")
    with write_atomically(output / "kserve.yaml") as aside:
        aside.write_text(yaml.safe_dump(manifest, sort_keys=False), encoding="utf-8")
    print(f"KServe: kubectl apply -f {output / 'kserve.yaml'}")
    if is_ensemble:
        print("Triton: no repository, as an ensemble's members are combined by this library's server")
        return
    write_repository(folder.onnx, output / "triton", folder.labels)
    print(f"Triton: tritonserver --model-repository={output / 'triton'}")
