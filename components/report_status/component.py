"""The door of report_status."""

from kfp import dsl

from ..images import image


@dsl.component(base_image=image("automl"), install_kfp_package=False)
def report_status(status: dsl.PipelineTaskFinalStatus) -> None:
    """Says how the run ended; an exit handler, so it also runs after a failure.

    Args:
        status: Filled in by the pipeline's runner.
    """
    from graduate.components.report_status.say import say

    say(
        state=status.state,
        pipeline=status.pipeline_job_resource_name,
        task=status.pipeline_task_name,
        error=status.error_message or "",
    )
