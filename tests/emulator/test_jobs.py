"""How resources come, go on, are listed and go, with the real SDK."""

from collections.abc import Callable

import pytest
from google.api_core.exceptions import BadRequest, NotFound
from google.cloud import aiplatform
from google.cloud.aiplatform_v1 import types
from google.cloud.storage import Bucket
from small_data import PARENT, tabular_dataset

from graduate.emulator.clock import Clock
from graduate.emulator.server import Emulator

State = types.PipelineState


@pytest.fixture
def submit(vertex: Emulator, bucket: Bucket) -> Callable[..., aiplatform.AutoMLTabularTrainingJob]:
    """Creates a training without waiting for it."""
    dataset = tabular_dataset(bucket)

    class Job(aiplatform.AutoMLTabularTrainingJob):
        def _get_model(self, block: bool = True) -> bool:
            return False

    def submitted(name: str = "training", **labels: str) -> aiplatform.AutoMLTabularTrainingJob:
        job = Job(name, "classification", column_specs={"width": "numeric"}, labels=labels)
        job.run(dataset, "kind")
        return job

    return submitted


def test_a_job_goes_on_by_one_second_per_look(submit: Callable) -> None:
    job = submit()

    states = [job._gca_resource.state, *(job.state for _ in range(3))]
    running = State.PIPELINE_STATE_RUNNING
    assert states == [State.PIPELINE_STATE_PENDING, running, running, State.PIPELINE_STATE_SUCCEEDED]
    assert job.to_dict()["startTime"] <= job.to_dict()["endTime"]


def test_a_clock_without_a_step_is_moved_by_hand(vertex: Emulator, submit: Callable) -> None:
    vertex.clock.step = 0
    job = submit()

    assert [job.state for _ in range(5)] == [State.PIPELINE_STATE_PENDING] * 5
    vertex.clock.advance(1)
    assert job.state == State.PIPELINE_STATE_RUNNING
    vertex.clock.advance(60)
    assert job.state == State.PIPELINE_STATE_SUCCEEDED


def test_what_follows_from_what_comes_due_is_done_too() -> None:
    clock, done = Clock(), []
    clock.after(2, lambda: done.append("second"))
    clock.after(1, lambda: (done.append("first"), clock.after(0.5, lambda: done.append("between"))))

    clock.advance(2)
    assert done == ["first", "between", "second"]


def test_a_cancelled_job_has_no_model(vertex: Emulator, submit: Callable) -> None:
    job = submit()
    job.cancel()

    states = [job.state for _ in range(4)]
    assert states[-1] == State.PIPELINE_STATE_CANCELLED
    assert job.error.code == 1
    assert not vertex.resources.all(PARENT, "models")
    with pytest.raises(BadRequest, match="cannot be cancelled"):
        job.cancel()


def test_an_ordered_failure_is_the_jobs_error(vertex: Emulator, submit: Callable) -> None:
    message = (
        "Internal error occurred. Please retry in a few minutes. If you still experience errors, contact Vertex AI."
    )
    vertex.faults.fail_job("trainingPipelines", message)
    failed, other = submit(), submit()

    vertex.clock.advance(3)
    assert failed.state == State.PIPELINE_STATE_FAILED
    assert (failed.error.code, failed.error.message) == (13, message)
    assert other.state == State.PIPELINE_STATE_SUCCEEDED


def test_jobs_are_found_by_label_name_and_state(vertex: Emulator, submit: Callable) -> None:
    first, second = submit("first", run="a-1"), submit("second", run="b-1")
    vertex.clock.step = 0

    def found(filter: str) -> list[str]:
        return [job.resource_name for job in aiplatform.AutoMLTabularTrainingJob.list(filter=filter)]

    both = [first.resource_name, second.resource_name]
    assert found('labels.run="a-1"') == both[:1]
    assert found('labels.run=b-1 AND display_name="second"') == both[1:]
    assert found("labels:run") == both
    assert found('state="PIPELINE_STATE_PENDING" AND display_name != "first"') == both[1:]
    assert found('state="PIPELINE_STATE_FAILED"') == []
    assert found('create_time>="2026-01-01T00:00:00Z" create_time<"2026-01-01T00:00:00Z"') == []
    for wrong in ("labels.run = a OR state", 'displayed_name="first"'):
        with pytest.raises(BadRequest, match="Invalid filter"):
            found(wrong)


def test_a_list_comes_in_pages_and_in_order(vertex: Emulator, bucket: Bucket) -> None:
    for name in ("b", "c", "a"):
        aiplatform.TabularDataset.create(name, gcs_source="gs://bucket/flowers.csv")
    client = aiplatform.TabularDataset._empty_constructor().api_client

    pages = list(client.list_datasets({"parent": PARENT, "page_size": 2, "order_by": "display_name desc"}).pages)
    assert [[dataset.display_name for dataset in page.datasets] for page in pages] == [["c", "b"], ["a"]]


def test_deleted_things_are_gone_with_what_belongs_to_them(vertex: Emulator, submit: Callable) -> None:
    job = submit()
    with pytest.raises(BadRequest, match="cancel it before"):
        job.delete()
    vertex.clock.advance(3)
    (model,) = aiplatform.Model.list()
    evaluation = model.get_model_evaluation().resource_name

    (dataset,) = aiplatform.TabularDataset.list()
    for resource in (model, job, dataset):
        resource.delete()
    gone = {
        model.resource_name: aiplatform.Model,
        evaluation: aiplatform.model_evaluation.ModelEvaluation,
        job.resource_name: aiplatform.AutoMLTabularTrainingJob.get,
        dataset.resource_name: aiplatform.TabularDataset,
    }
    for name, get in gone.items():
        with pytest.raises(NotFound):
            get(name)


def test_a_model_is_known_by_its_version_too(submit: Callable, vertex: Emulator) -> None:
    submit()
    vertex.clock.advance(3)
    (model,) = aiplatform.Model.list()

    for version in ("1", "default"):
        again = aiplatform.Model(model.resource_name, version=version)
        assert again.get_model_evaluation().resource_name == model.get_model_evaluation().resource_name
