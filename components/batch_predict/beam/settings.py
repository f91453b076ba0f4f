"""Where a Beam pipeline runs, and as whom."""

from dataclasses import dataclass
from typing import Any, Literal, get_args

from loky import cpu_count

from ...data.storage import is_remote
from ...errors import InputError
from ...images import UNBUILT_TAG, image

Runner = Literal["DirectRunner", "DataflowRunner"]


@dataclass(frozen=True, kw_only=True)
class BeamSettings:
    """Settings of the engine `beam`; plain values, as a pipeline passes them (there: beam_project, ...).

    Attributes:
        runner: `DirectRunner` on this machine, or `DataflowRunner` in Google Cloud.
        workers: threads on this machine, 0 for one per core; or the most machines that Dataflow may start, 0 for as
            many as it thinks right.
        project: Google Cloud project, for Dataflow as the others below.
        region: of Dataflow, such as us-central1.
        temp_location: gs:// URI of a folder for what Dataflow keeps while it runs.
        machine_type: of Dataflow's workers; "" for its own choice.
        service_account: that the workers run as; "" for the project's default one.
        subnetwork: that the workers are in, as regions/REGION/subnetworks/NAME; "" for the project's default network.
    """

    runner: Runner = "DirectRunner"
    workers: int = 0
    project: str = ""
    region: str = ""
    temp_location: str = ""
    machine_type: str = ""
    service_account: str = ""
    subnetwork: str = ""

    def check(self, *locations: str) -> None:
        """Refuses what Dataflow could not run, before anything is sent there.

        Args:
            locations: of model, input and output.

        Raises:
            InputError: a setting is absent or unknown, a location is on this machine, or the image has not been built.
        """
        if self.runner not in get_args(Runner):
            raise InputError(f"beam_runner is {self.runner!r}: give {' or '.join(get_args(Runner))}")
        if self.runner == "DirectRunner":
            return
        for name in ("project", "region", "temp_location"):
            if not getattr(self, name):
                raise InputError(f"beam_{name} is empty: the DataflowRunner wants one")
        for location in filter(None, (self.temp_location, *locations)):
            if not is_remote(location):
                raise InputError(
                    f"{location} is on this machine, where Dataflow's workers cannot read: give a gs:// URI"
                )
        if image("beam").endswith(UNBUILT_TAG):
            raise InputError(
                "the image `beam`, which Dataflow's workers run, has not been built: build and push it "
                "(cloudbuild.yaml), or use the DirectRunner"
            )

    def options(self, job_name: str) -> dict[str, Any]:
        """What Beam calls these settings.

        Args:
            job_name: of the job on Dataflow, which runs no second one of that name at the same time.

        Returns:
            Keyword arguments of `apache_beam.options.pipeline_options.PipelineOptions`.
        """
        if self.runner == "DirectRunner":
            # By this name; `DirectRunner` would fetch the program of another runner from the internet first.
            workers = self.workers or cpu_count()
            mode = "multi_threading" if workers > 1 else "in_memory"
            return {"runner": "FnApiRunner", "direct_num_workers": workers, "direct_running_mode": mode}
        cloud: dict[str, Any] = {
            "runner": self.runner,
            "job_name": job_name,
            "project": self.project,
            "region": self.region,
            "temp_location": self.temp_location,
            "sdk_container_image": image("beam"),
            "max_num_workers": self.workers,
            "machine_type": self.machine_type,
            "service_account_email": self.service_account,
            "subnetwork": self.subnetwork,
        }
        return {name: value for name, value in cloud.items() if value not in ("", 0)} | {"save_main_session": False}
