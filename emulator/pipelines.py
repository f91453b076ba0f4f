"""Pipeline jobs and their schedules, checked as the service checks them; the jobs stay pending.

Messages: https://cloud.google.com/vertex-ai/docs/reference/rest/v1/projects.locations.pipelineJobs and .schedules.
"""

import re

from google.cloud.aiplatform_v1 import types

from .checks import Checks, location_of, parse
from .kinds import Kind
from .resources import now


class PipelineJobs(Kind):
    """Runs of a compiled pipeline."""

    collection = "pipelineJobs"
    message = types.PipelineJob

    def create(self, parent: str, body: bytes, resource_id: str) -> types.PipelineJob:
        job = parse(types.PipelineJob, body)
        with Checks("pipeline_job") as checks:
            checks.required("pipeline_spec", job.pipeline_spec)
            checks.in_bucket("runtime_config.gcs_output_directory", job.runtime_config.gcs_output_directory)
            checks.labels(job.labels)
            checks.encryption(job.encryption_spec.kms_key_name, location_of(parent))
        job.name = self.shared.resources.new_name(parent, self.collection, resource_id)
        job.create_time = now()
        job.state = types.PipelineState.PIPELINE_STATE_PENDING
        self.shared.resources.add(job)
        return job


class Schedules(Kind):
    """Times at which pipeline jobs are started."""

    collection = "schedules"
    message = types.Schedule

    def create(self, parent: str, body: bytes, resource_id: str) -> types.Schedule:
        schedule = parse(types.Schedule, body)
        with Checks("schedule") as checks:
            checks.display_name(schedule.display_name)
            cron = re.sub(r"^(CRON_)?TZ=\S+ ", "", schedule.cron)
            checks.that(len(cron.split()) == 5, "cron", "Invalid cron expression.")
            runs = schedule.max_concurrent_run_count
            checks.that(runs > 0, "max_concurrent_run_count", "Must be positive.")
        schedule.name = self.shared.resources.new_name(parent, self.collection, resource_id)
        schedule.create_time = now()
        schedule.state = types.Schedule.State.ACTIVE
        self.shared.resources.add(schedule)
        return schedule
