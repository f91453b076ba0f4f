"""What every task of a pipeline is given: a name for people, a machine, retries and caching."""

from dataclasses import dataclass

from kfp import dsl

RETRIES = 2
BACK_OFF, LONGEST_BACK_OFF = "10s", "300s"


@dataclass(frozen=True)
class Machine:
    """Limits of a task.

    Attributes:
        cpu: number of cores, as Kubernetes writes it.
        memory: as Kubernetes writes it, such as `8Gi`.
        accelerator: type of the one accelerator, as Vertex AI names it; "" for none.
    """

    cpu: str
    memory: str
    accelerator: str = ""


SMALL, LARGE = Machine(cpu="2", memory="8Gi"), Machine(cpu="8", memory="32Gi")


def settle(task: dsl.PipelineTask, display_name: str, machine: Machine, cached: bool = True) -> dsl.PipelineTask:
    """Gives a task its name, limits, retries with back-off, and caching; returns the task."""
    task.set_display_name(display_name)
    task.set_cpu_limit(machine.cpu).set_memory_limit(machine.memory)
    if machine.accelerator:
        task.set_accelerator_type(machine.accelerator).set_accelerator_limit(1)
    task.set_retry(RETRIES, backoff_duration=BACK_OFF, backoff_factor=2.0, backoff_max_duration=LONGEST_BACK_OFF)
    return task.set_caching_options(enable_caching=cached)
