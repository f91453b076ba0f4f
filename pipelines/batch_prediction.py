"""Batch prediction as a pipeline of its own, to be scheduled: a model and an input, on the engine that is asked for."""

# A component is called without its outputs and gives a task, which the decorator's type does not say.
# pyright: reportCallIssue=false, reportArgumentType=false

from typing import Any, cast, get_args

from kfp import dsl
from kfp.dsl.base_component import BaseComponent

from ..components.batch_predict.choices import Engine, ResultsFormat
from ..components.batch_predict.component import batch_predict, batch_predict_on_beam, batch_predict_on_vertex
from ..components.report_status.component import report_status
from .task_settings import LARGE, SMALL, settle

_DESCRIPTION = f"""Predicts every record of an input with a model, each exactly once.

    Args:
        model: A location: a model folder with model.onnx, or an ONNX file of images.
        input: A location: images, a data set, JSON lines, TFRecord, CSV or Parquet files.
        engine: Where it is predicted. One of: {", ".join(get_args(Engine))}.
        results_format: Of the result files. One of: {", ".join(get_args(ResultsFormat))}.
        confidence_threshold: Labels and boxes less sure than this are left out. Between 0 and 1.
        max_predictions: The most labels or boxes of a record, the surest; 0 for all. Between 0 and 1000000.
        vertex_project: Google Cloud project of the engine vertex.
        vertex_location: Its region.
        vertex_staging: A gs:// location to write to, for the requests and the answers of the engine vertex.
        vertex_machine_type: Of its replicas.
        vertex_max_replicas: How many of them there may be. Between 1 and 128.
        vertex_encryption_key: Resource name of the customer-managed key.
        vertex_service_account: Account that its job runs as.
        vertex_labels: Of its job, as key=value,key=value.
        beam_runner: Of the engine beam. One of: DirectRunner, DataflowRunner.
        beam_project: Google Cloud project of Dataflow.
        beam_region: Its region.
        beam_temp_location: A gs:// location to write to, for what Dataflow keeps while it runs.
        beam_machine_type: Of Dataflow's workers.
        beam_service_account: Account that they run as.
    """


def batch_prediction() -> BaseComponent:
    """The pipeline: engines differ in their image, so each is a branch."""

    def pipeline(
        model: str,
        input: str,
        engine: str = "local",
        results_format: str = "jsonl",
        confidence_threshold: float = 0.0,
        max_predictions: int = 0,
        vertex_project: str = "",
        vertex_location: str = "us-central1",
        vertex_staging: str = "",
        vertex_machine_type: str = "n1-standard-4",
        vertex_max_replicas: int = 10,
        vertex_encryption_key: str = "",
        vertex_service_account: str = "",
        vertex_labels: str = "",
        beam_runner: str = "DirectRunner",
        beam_project: str = "",
        beam_region: str = "",
        beam_temp_location: str = "",
        beam_machine_type: str = "",
        beam_service_account: str = "",
    ):
        kept: dict[str, Any] = {
            "results_format": results_format,
            "confidence_threshold": confidence_threshold,
            "max_predictions": max_predictions,
        }
        exit_task = settle(report_status(), "Report the final status", SMALL, cached=False)
        with dsl.ExitHandler(exit_task, name="batch prediction"):
            found = dsl.importer(artifact_uri=model, artifact_class=dsl.Model)
            found.set_display_name("Find the model")
            with dsl.If(engine == "vertex", name="on Vertex AI"):
                on_vertex = batch_predict_on_vertex(
                    model=found.output,
                    input=input,
                    vertex_project=vertex_project,
                    vertex_location=vertex_location,
                    vertex_staging=vertex_staging,
                    vertex_machine_type=vertex_machine_type,
                    vertex_max_replicas=vertex_max_replicas,
                    vertex_encryption_key=vertex_encryption_key,
                    vertex_service_account=vertex_service_account,
                    vertex_labels=vertex_labels,
                    **kept,
                )
                settle(on_vertex, "Predict on Vertex AI", SMALL, cached=False)
            with dsl.Elif(engine == "beam", name="with Beam"):
                on_beam = batch_predict_on_beam(
                    model=found.output,
                    input=input,
                    beam_runner=beam_runner,
                    beam_project=beam_project,
                    beam_region=beam_region,
                    beam_temp_location=beam_temp_location,
                    beam_machine_type=beam_machine_type,
                    beam_service_account=beam_service_account,
                    **kept,
                )
                settle(on_beam, "Predict with Beam", LARGE, cached=False)
            with dsl.Else(name="in this step"):
                here = batch_predict(model=found.output, input=input, **kept)
                # Files change under the same name, which a cache does not see.
                settle(here, "Predict in this step", LARGE, cached=False)

    pipeline.__doc__ = _DESCRIPTION
    decorate = dsl.pipeline(
        name="batch-prediction",
        display_name="Batch prediction",
        description="Predict every record of an input, on this step's machine, on Vertex AI, or with Beam.",
    )
    # The decorator makes a component of the function, whatever its type says.
    return cast(BaseComponent, decorate(pipeline))
