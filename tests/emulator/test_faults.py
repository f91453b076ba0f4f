"""Faults that are ordered happen, as often as they are ordered, before or after the effect."""

import time

import pytest
import requests
from google.api_core.exceptions import ServiceUnavailable, TooManyRequests
from google.cloud import aiplatform
from small_data import PARENT

from graduate.emulator.faults import Fault
from graduate.emulator.server import Emulator

SOURCE = "gs://bucket/flowers.csv"


def datasets(vertex: Emulator) -> int:
    vertex.clock.advance(1)
    return len(vertex.resources.all(PARENT, "datasets"))


def create() -> None:
    aiplatform.TabularDataset.create("flowers", gcs_source=SOURCE)


@pytest.mark.parametrize(("status", "error"), [(429, TooManyRequests), (503, ServiceUnavailable)])
def test_a_refused_request_has_no_effect(vertex: Emulator, status: int, error: type[Exception]) -> None:
    vertex.faults.order(Fault("POST", "/datasets$", status))

    with pytest.raises(error):
        create()
    assert datasets(vertex) == 0
    create()
    assert datasets(vertex) == 1


def test_the_answer_can_be_lost_after_the_effect(vertex: Emulator) -> None:
    vertex.faults.order(Fault("POST", "/datasets$", 503, after=True))

    with pytest.raises(ServiceUnavailable):
        create()
    assert datasets(vertex) == 1


@pytest.mark.parametrize("after", [False, True])
def test_a_connection_can_be_dropped(vertex: Emulator, after: bool) -> None:
    vertex.faults.order(Fault("POST", "/datasets$", None, after))

    with pytest.raises(requests.ConnectionError):
        create()
    assert datasets(vertex) == int(after)
    assert [request.status for request in vertex.asked("POST", "/datasets")] == [None]


def test_an_answer_can_be_slow(vertex: Emulator) -> None:
    vertex.faults.order(Fault("GET", "/datasets$", 200, seconds=0.2))

    started = time.monotonic()
    aiplatform.TabularDataset.list()
    assert time.monotonic() - started >= 0.2


def test_a_fault_happens_so_often_and_to_what_it_is_ordered_for(vertex: Emulator) -> None:
    vertex.faults.order(Fault("GET", "/datasets$", 503, times=2))
    create()

    for _ in range(2):
        with pytest.raises(ServiceUnavailable):
            aiplatform.TabularDataset.list()
    assert len(aiplatform.TabularDataset.list()) == 1


def test_what_was_asked_can_be_checked_field_by_field(vertex: Emulator) -> None:
    aiplatform.TabularDataset.create("flowers", gcs_source=SOURCE, labels={"team": "garden"})

    (request,) = vertex.asked("POST", "/datasets")
    assert request.status == 200
    assert request.body == {
        "displayName": "flowers",
        "metadataSchemaUri": aiplatform.schema.dataset.metadata.tabular,
        "metadata": {"inputConfig": {"gcsSource": {"uri": [SOURCE]}}},
        "labels": {"team": "garden"},
    }
