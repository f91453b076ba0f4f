"""The doors of batch prediction: an image for each engine."""

from kfp import dsl

from ..images import image


@dsl.component(base_image=image("predict"), install_kfp_package=False)
def batch_predict(
    model: dsl.Input[dsl.Model],
    predictions: dsl.Output[dsl.Artifact],
    page: dsl.Output[dsl.HTML],
    metrics: dsl.Output[dsl.Metrics],
    dataset: dsl.Input[dsl.Dataset] = None,  # pyright: ignore[reportArgumentType]
    input: str = "",
    results_format: str = "jsonl",
    confidence_threshold: float = 0.0,
    max_predictions: int = 0,
) -> None:
    """Predicts every record of an input on this step's machine, each exactly once.

    Args:
        model: Model folder with model.onnx, or an ONNX file of images.
        predictions: Folder with prediction.results-*, prediction.errors-* and summary.json.
        page: Counts, a sample of predictions, and what went wrong, for people.
        metrics: Counts of results, errors and rejects, and the rate.
        dataset: The data set, all of whose splits are predicted; or in its place an input.
        input: Path or gs:// URI of images, a data set, JSON lines, TFRecord, CSV or Parquet files.
        results_format: Of the result files, jsonl or parquet.
        confidence_threshold: Labels and boxes less sure than this are left out; 0..1.
        max_predictions: The most labels or boxes of a record that are kept, the surest; 0 for all.
    """
    from graduate.components.batch_predict.predict import predict
    from graduate.components.errors import final_errors_as_sentences
    from graduate.components.reports.metrics import log_metrics

    with final_errors_as_sentences():
        summary = predict(
            model=model.path,
            input=dataset.path if dataset else input,
            output=predictions.path,
            page=page.path,
            results_format=results_format,  # pyright: ignore[reportArgumentType]
            confidence_threshold=confidence_threshold,
            max_predictions=max_predictions,
        )
    log_metrics(metrics, {name: value for name, value in summary.items() if isinstance(value, int | float)})


@dsl.component(base_image=image("automl"), install_kfp_package=False)
def batch_predict_on_vertex(
    model: dsl.Input[dsl.Model],
    input: str,
    predictions: dsl.Output[dsl.Artifact],
    page: dsl.Output[dsl.HTML],
    metrics: dsl.Output[dsl.Metrics],
    gcp_resources: dsl.OutputPath(str),  # pyright: ignore[reportInvalidTypeForm]
    vertex_project: str,
    vertex_staging: str,
    vertex_location: str = "us-central1",
    vertex_model: str = "",
    vertex_machine_type: str = "n1-standard-4",
    vertex_starting_replicas: int = 1,
    vertex_max_replicas: int = 10,
    vertex_encryption_key: str = "",
    vertex_service_account: str = "",
    vertex_labels: str = "",
    vertex_monitoring_data: str = "",
    vertex_monitoring_target: str = "",
    vertex_monitoring_emails: str = "",
    results_format: str = "jsonl",
    confidence_threshold: float = 0.0,
    max_predictions: int = 0,
) -> None:
    """Predicts every record of an input with a batch prediction job of Vertex AI, each exactly once.

    Args:
        model: Model folder with model.onnx.
        input: Path or gs:// URI of images, a data set, JSON lines, TFRecord, CSV or Parquet files.
        predictions: Folder with prediction.results-*, prediction.errors-* and summary.json.
        page: Counts, a sample of predictions, and what went wrong, for people.
        metrics: Counts of results, errors and rejects, and the rate.
        gcp_resources: Resource name of the job, in the form of Google's own components.
        vertex_project: Google Cloud project.
        vertex_staging: gs:// URI under which requests and the service's own results are put.
        vertex_location: Region.
        vertex_model: Resource name of a registered model to predict with, in place of the model folder.
        vertex_machine_type: Of the replicas.
        vertex_starting_replicas: How many there are at first.
        vertex_max_replicas: How many there may be.
        vertex_encryption_key: Resource name of the customer-managed key.
        vertex_service_account: Account that the job runs as.
        vertex_labels: Labels of the job, as key=value,key=value.
        vertex_monitoring_data: gs:// URI of the rows that the registered model was trained on, to be compared with.
        vertex_monitoring_target: The label column of these.
        vertex_monitoring_emails: Who is told of skew, separated by commas.
        results_format: Of the result files, jsonl or parquet.
        confidence_threshold: Labels and boxes less sure than this are left out; 0..1.
        max_predictions: The most labels or boxes of a record that are kept, the surest; 0 for all.
    """
    from graduate.components.batch_predict.predict import predict
    from graduate.components.errors import final_errors_as_sentences
    from graduate.components.reports.metrics import log_metrics

    with final_errors_as_sentences():
        summary = predict(
            model="" if vertex_model else model.path,
            input=input,
            output=predictions.path,
            page=page.path,
            engine="vertex",
            results_format=results_format,  # pyright: ignore[reportArgumentType]
            confidence_threshold=confidence_threshold,
            max_predictions=max_predictions,
            vertex_project=vertex_project,
            vertex_location=vertex_location,
            vertex_staging=vertex_staging,
            vertex_model=vertex_model,
            vertex_machine_type=vertex_machine_type,
            vertex_starting_replicas=vertex_starting_replicas,
            vertex_max_replicas=vertex_max_replicas,
            vertex_encryption_key=vertex_encryption_key,
            vertex_service_account=vertex_service_account,
            vertex_labels=vertex_labels,
            vertex_monitoring_data=vertex_monitoring_data,
            vertex_monitoring_target=vertex_monitoring_target,
            vertex_monitoring_emails=vertex_monitoring_emails,
            vertex_gcp_resources=gcp_resources,
        )
    log_metrics(metrics, {name: value for name, value in summary.items() if isinstance(value, int | float)})


@dsl.component(base_image=image("beam"), install_kfp_package=False)
def batch_predict_on_beam(
    model: dsl.Input[dsl.Model],
    input: str,
    predictions: dsl.Output[dsl.Artifact],
    page: dsl.Output[dsl.HTML],
    metrics: dsl.Output[dsl.Metrics],
    workers: int = 0,
    beam_runner: str = "DirectRunner",
    beam_project: str = "",
    beam_region: str = "",
    beam_temp_location: str = "",
    beam_machine_type: str = "",
    beam_service_account: str = "",
    beam_subnetwork: str = "",
    results_format: str = "jsonl",
    confidence_threshold: float = 0.0,
    max_predictions: int = 0,
) -> None:
    """Predicts every record of an input with a Beam pipeline, here or on Dataflow, each exactly once.

    Args:
        model: Model folder with model.onnx.
        input: Path or gs:// URI of images, a data set, JSON lines, TFRecord, CSV or Parquet files.
        predictions: Folder with prediction.results-*, prediction.errors-* and summary.json.
        page: Counts, a sample of predictions, and what went wrong, for people.
        metrics: Counts of results, errors and rejects, and the rate.
        workers: Threads of the step's machine, or the most machines that Dataflow may start; 0 for what fits.
        beam_runner: DirectRunner for the step's own machine, or DataflowRunner.
        beam_project: Google Cloud project, for Dataflow as the others below.
        beam_region: Of Dataflow.
        beam_temp_location: gs:// URI of a folder for what Dataflow keeps while it runs.
        beam_machine_type: Of Dataflow's workers.
        beam_service_account: That the workers run as.
        beam_subnetwork: That the workers are in.
        results_format: Of the result files, jsonl or parquet.
        confidence_threshold: Labels and boxes less sure than this are left out; 0..1.
        max_predictions: The most labels or boxes of a record that are kept, the surest; 0 for all.
    """
    from graduate.components.batch_predict.predict import predict
    from graduate.components.errors import final_errors_as_sentences
    from graduate.components.reports.metrics import log_metrics

    with final_errors_as_sentences():
        summary = predict(
            # The workers of Dataflow do not see the folders that a bucket is mounted at.
            model=model.uri,
            input=input,
            output=predictions.uri,
            page=page.path,
            workers=workers,
            engine="beam",
            results_format=results_format,  # pyright: ignore[reportArgumentType]
            confidence_threshold=confidence_threshold,
            max_predictions=max_predictions,
            beam_runner=beam_runner,  # pyright: ignore[reportArgumentType]
            beam_project=beam_project,
            beam_region=beam_region,
            beam_temp_location=beam_temp_location,
            beam_machine_type=beam_machine_type,
            beam_service_account=beam_service_account,
            beam_subnetwork=beam_subnetwork,
        )
    log_metrics(metrics, {name: value for name, value in summary.items() if isinstance(value, int | float)})
