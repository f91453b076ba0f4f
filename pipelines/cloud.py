"""Compiled pipelines on Vertex AI Pipelines: submitted once, or run by a schedule."""

import re
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any

from cyclopts import Parameter
from google.api_core.exceptions import GoogleAPIError
from google.auth.credentials import AnonymousCredentials
from google.auth.exceptions import GoogleAuthError
from google.cloud import aiplatform
from google.cloud.aiplatform_v1 import types

from ..components.errors import InputError
from ..components.images import UNBUILT_TAG
from .cron import check_cron
from .parameters import read_parameters, resolve
from .spec import Spec, read_spec

Settings = Annotated[tuple[str, ...], Parameter(name="--set", consume_multiple=True, negative=())]

_CONSOLE = "https://console.cloud.google.com/vertex-ai/locations"
# https://cloud.google.com/resource-manager/docs/labels-overview#requirements
_LABEL = re.compile(r"(?P<key>[a-z][a-z0-9_-]{0,62})=(?P<value>[a-z0-9_-]{0,63})")


@Parameter(name="*")
@dataclass(frozen=True, kw_only=True)
class Cloud:
    """Where in Google Cloud a pipeline runs, and as whom.

    Attributes:
        project: Google Cloud project.
        location: region of Vertex AI, such as us-central1.
        pipeline_root: gs:// URI under which the artifacts of all runs go; its bucket must exist.
        service_account: account that the tasks run as; by default the project's Compute Engine account.
        network: full name of the VPC network that the tasks are peered with.
        label: labels of the job, as key=value.
        api_endpoint: address of the API, where it is not Google's. One that begins with http:// is taken for a server
            on this machine and gets no credentials.
    """

    project: str
    location: str
    pipeline_root: str
    service_account: str | None = None
    network: str | None = None
    label: Annotated[tuple[str, ...], Parameter(negative=())] = ()
    api_endpoint: str | None = None


def submit(
    file: Path, *, settings: Settings = (), caching: Annotated[bool, Parameter(negative=())] = False, cloud: Cloud
) -> None:
    """Submit a compiled pipeline to Vertex AI Pipelines.

    Args:
        file: the compiled pipeline; every image in it must be named by digest.
        settings: pipeline parameters, as name=value.
        caching: reuse what tasks made before from the same parameters. Vertex AI knows data in a bucket by name only:
            leave it out where something may have changed under the same gs:// URI.
        cloud: where it runs, and as whom.

    Raises:
        InputError: a file, parameter or setting that cannot be used, or what the service says against the job.
    """
    spec = read_spec(file)
    with _refusals_as_sentences():
        job = _pipeline_job(spec, settings, cloud, caching)
        # Not `job.submit()`, which makes a bucket that does not exist, grants rights on it, and asks the Resource
        # Manager who owns one that does.
        created = job.api_client.create_pipeline_job(
            parent=f"projects/{cloud.project}/locations/{cloud.location}",
            pipeline_job=types.PipelineJob(
                display_name=spec.name,
                pipeline_spec=job.pipeline_spec,
                runtime_config=job.runtime_config,
                labels=_labels(cloud.label),
                service_account=cloud.service_account,
                network=cloud.network,
            ),
            pipeline_job_id=job.job_id,
        )
    print(f"Submitted {created.name}.")
    print(f"{_CONSOLE}/{cloud.location}/pipelines/runs/{job.job_id}?project={cloud.project}")


def schedule(file: Path, *, cron: str, max_concurrent_runs: int = 1, settings: Settings = (), cloud: Cloud) -> None:
    """Run a compiled pipeline on Vertex AI Pipelines by a schedule.

    Every run does all of its tasks: Vertex AI's cache never expires and knows data in a bucket by name only, so with it
    the later runs would find the first one's results, whatever the data are by then.

    Args:
        file: the compiled pipeline; every image in it must be named by digest.
        cron: when, such as "0 6 * * MON" (UTC) or "TZ=Europe/Berlin 0 6 * * MON".
        max_concurrent_runs: how many of its runs there may be at a time; further ones are skipped.
        settings: pipeline parameters, as name=value.
        cloud: where it runs, and as whom.

    Raises:
        InputError: a file, parameter or setting that cannot be used, or what the service says against the schedule.
    """
    check_cron(cron)
    spec = read_spec(file)
    with _refusals_as_sentences():
        job = _pipeline_job(spec, settings, cloud, caching=False)
        created = aiplatform.PipelineJobSchedule(pipeline_job=job, display_name=spec.name)
        created.create(
            cron=cron,
            max_concurrent_run_count=max_concurrent_runs,
            service_account=cloud.service_account,
            network=cloud.network,
        )
    print(f"Scheduled {created.resource_name}: {cron}.")
    print(f"{_CONSOLE}/{cloud.location}/pipelines/schedules/{created.name}?project={cloud.project}")


def _pipeline_job(spec: Spec, settings: Sequence[str], cloud: Cloud, caching: bool) -> aiplatform.PipelineJob:
    """The job, not created yet; all that can be checked here has been."""
    _check_images(spec)
    values = _parameter_values(spec, settings)
    _connect(cloud)
    return aiplatform.PipelineJob(
        display_name=spec.name,
        template_path=str(spec.path),
        pipeline_root=cloud.pipeline_root,
        parameter_values=values,
        # On, it leaves those tasks uncached that the file says are.
        enable_caching=None if caching else False,
        labels=_labels(cloud.label),
    )


def _connect(cloud: Cloud) -> None:
    if not re.fullmatch(r"[a-z0-9.:-]+", cloud.project):
        raise InputError(f"--project is {cloud.project!r}: give the ID of a Google Cloud project.")
    if not cloud.pipeline_root.startswith("gs://"):
        raise InputError(f"--pipeline-root is {cloud.pipeline_root!r}: give a gs:// URI.")
    on_this_machine = (cloud.api_endpoint or "").startswith("http://")
    try:
        aiplatform.init(
            project=cloud.project,
            location=cloud.location,
            credentials=AnonymousCredentials() if on_this_machine else None,
            api_endpoint=cloud.api_endpoint,
            api_transport="rest" if on_this_machine else None,
        )
    except ValueError as error:
        raise InputError(f"--location is {cloud.location!r}: {error}") from None


def _check_images(spec: Spec) -> None:
    executors = spec.document["deploymentSpec"]["executors"].values()
    images = {executor["container"]["image"] for executor in executors if "container" in executor}
    if unbuilt := sorted(image for image in images if image.endswith(UNBUILT_TAG)):
        raise InputError(
            f"{spec.path} names images that have not been built: {', '.join(unbuilt)}. "
            "Build them with cloudbuild.yaml, then compile again."
        )


def _parameter_values(spec: Spec, settings: Sequence[str]) -> dict[str, Any]:
    parameters = read_parameters(spec.inputs)
    values = resolve(parameters, settings)
    for name, value in values.items():
        if parameters[name].locates(value) and not value.startswith("gs://"):
            raise InputError(
                f"Parameter {name!r} is {value!r}, which the cloud cannot reach: upload it and give its gs:// URI."
            )
    return values


def _labels(texts: Sequence[str]) -> dict[str, str]:
    labels = {}
    for text in texts:
        if not (match := _LABEL.fullmatch(text)):
            raise InputError(
                f"--label {text}: write it as key=value, of at most 63 lower-case letters, digits, _ and - each."
            )
        labels[match["key"]] = match["value"]
    return labels


@contextmanager
def _refusals_as_sentences() -> Iterator[None]:
    try:
        yield
    except GoogleAuthError as error:
        raise InputError(
            f"Google Cloud does not know you ({error}); run: gcloud auth application-default login"
        ) from error
    except (GoogleAPIError, OSError) as error:
        raise InputError(f"Vertex AI did not take it: {error}") from error
