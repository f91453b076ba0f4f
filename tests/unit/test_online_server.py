"""The online server as a container runs it: a process, HTTP, signals."""

import base64
import json
import random
import socket
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest
from served import HEALTH, PREDICT, read_answer, served, wait_for
from tiny_models import an_image, detector, regressor

from graduate.components.prediction.decode import decode
from graduate.components.prediction.ids import drop_ids
from graduate.components.prediction.predictor import open_predictor

TINY = json.dumps({"instances": []}).encode()


@pytest.fixture(scope="module")
def pictures(tmp_path_factory: pytest.TempPathFactory) -> list[bytes]:
    folder = tmp_path_factory.mktemp("pictures")
    return [an_image(folder / f"{n}.png", 20 + n, 16, seed=n).read_bytes() for n in range(3)]


@pytest.fixture(scope="module")
def cats(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return detector(tmp_path_factory.mktemp("models") / "cats").path


@pytest.fixture(scope="module")
def detections(tmp_path_factory: pytest.TempPathFactory, cats: Path):
    limits = {"GRADUATE_MAX_REQUEST_BYTES": "200000", "GRADUATE_MAX_INSTANCES": "50", "GRADUATE_MAX_PIXELS": "5000"}
    routes = {"AIP_HEALTH_ROUTE": "/health", "AIP_PREDICT_ROUTE": "/v1/endpoints/1/deployedModels/2:predict"}
    with served(tmp_path_factory.mktemp("logs"), cats, **limits, **routes) as server:
        yield server


@pytest.fixture(scope="module")
def scores(tmp_path_factory: pytest.TempPathFactory):
    folder = tmp_path_factory.mktemp("table")
    with served(folder, regressor(folder / "model").path) as server:
        yield server


def b64(data: bytes) -> dict[str, str]:
    return {"b64": base64.b64encode(data).decode()}


def test_predictions_are_those_of_the_model_in_their_order_with_ids(detections, cats: Path, pictures: list[bytes]):
    predictions = detections.predict(*map(b64, pictures))
    expected = open_predictor(cats).predict_images([decode(picture) for picture in pictures])
    assert [drop_ids(each) for each in predictions] == expected
    assert len({each["confidences"][0] for each in predictions}) == 3
    assert all(each["ids"] == ["0", "1"] and each["displayNames"] == ["cat", "dog"] for each in predictions)


def test_a_bad_instance_has_an_error_in_its_place_and_the_others_their_predictions(detections, pictures: list[bytes]):
    good, cut_off = b64(pictures[0]), b64(pictures[0][:50])
    bomb = {"image_tensor": np.zeros((51, 100, 3), int).tolist()}
    predictions = detections.predict(cut_off, good, 3, bomb, {"content": "/etc/hostname"})
    codes = [each.get("error", {}).get("code") for each in predictions]
    assert codes == [3, None, 3, 3, 3]
    assert "5,000" in predictions[3]["error"]["message"]
    assert predictions[1] == detections.predict(good)[0]


@pytest.mark.parametrize(
    ("threshold", "most"), [("confidence_threshold", "max_predictions"), ("confidenceThreshold", "maxPredictions")]
)
def test_parameters_leave_out_what_is_not_wanted(detections, pictures: list[bytes], threshold: str, most: str):
    (everything,) = detections.predict(b64(pictures[0]))
    surer = everything["confidences"][1] + 0.01
    assert detections.predict(b64(pictures[0]), **{threshold: surer})[0]["displayNames"] == ["cat"]
    assert detections.predict(b64(pictures[0]), **{most: 1.0})[0]["ids"] == ["0"]
    assert detections.predict(b64(pictures[0]), **{threshold: 1})[0]["bboxes"] == []


@pytest.mark.parametrize(
    ("body", "said"),
    [
        (b"", "no JSON"),
        (b"\xff\x00", "no JSON"),
        (b'{"instances": [NaN]}', "no JSON"),
        (b"[" * 5000, "no JSON"),
        (b"[]", "no list of instances"),
        (b'{"instances": {"b64": ""}}', "no list of instances"),
        (json.dumps({"instances": [{}] * 51}).encode(), "at most 50"),
        (b'{"instances": [], "parameters": [1]}', "parameters is no object"),
        (b'{"instances": [], "parameters": {"top_k": 1}}', "'top_k' is unknown"),
        (b'{"instances": [], "parameters": {"max_predictions": -1}}', "a whole number"),
        (b'{"instances": [], "parameters": {"max_predictions": true}}', "a whole number"),
        (b'{"instances": [], "parameters": {"confidence_threshold": "0.5"}}', "a number from 0 to 1"),
        (b'{"instances": [], "parameters": {"max_predictions": 1, "maxPredictions": 2}}', "two spellings"),
    ],
)
def test_a_body_that_is_no_good_is_refused_as_a_whole(detections, body: bytes, said: str):
    status, answer = detections.ask("POST", PREDICT, body)
    assert (status, answer["error"]["code"]) == (400, 400)
    assert said in answer["error"]["message"]


def test_vertex_and_kserve_both_find_their_routes(detections, pictures: list[bytes]):
    body = {"instances": [b64(pictures[0])]}
    of_vertex = detections.ask("POST", "/v1/endpoints/1/deployedModels/2:predict", body)
    assert of_vertex == detections.ask("POST", PREDICT, body)
    assert detections.ask("GET", "/health") == detections.ask("GET", HEALTH) == (200, {"name": "model", "ready": True})
    assert detections.ask("GET", "/v1/models") == (200, {"models": ["model"]})


def test_unknown_routes_and_methods_are_refused(detections):
    assert detections.ask("GET", "/nothing")[0] == 404
    status, answer = detections.ask("GET", PREDICT)
    assert (status, answer["error"]["message"]) == (405, "Method Not Allowed")


def test_a_request_that_is_too_large_is_refused_however_it_is_sent(detections):
    large = b" " * 200_001
    in_chunks = (b" " * 1000 for _ in range(201))
    for body in (large, in_chunks):
        status, answer = detections.ask("POST", PREDICT, body)
        assert (status, answer["error"]["message"]) == (413, "the request is larger than 200,000 bytes")
    assert detections.ask("POST", PREDICT, TINY)[0] == 200


def test_a_length_that_is_not_true_harms_nobody_else(detections):
    for length in ("3", "1" + "0" * 30, "-1", "x"):
        with socket.create_connection(("127.0.0.1", detections.port), timeout=20) as connection:
            head = f"POST {PREDICT} HTTP/1.1\r\nHost: x\r\nContent-Length: {length}\r\n\r\n"
            connection.sendall(head.encode() + TINY)
            assert connection.recv(100).split()[1] in (b"400", b"413")
    assert detections.ask("POST", PREDICT, TINY)[0] == 200


def test_what_is_no_http_harms_nobody_else(detections):
    rng = random.Random(0)
    for beginning in (
        b"",
        b"\x16\x03\x01",
        f"POST {PREDICT} HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n".encode(),
    ) * 5:
        with socket.create_connection(("127.0.0.1", detections.port), timeout=20) as connection:
            connection.sendall(beginning + rng.randbytes(2000) + b"\r\n\r\n")
            assert connection.recv(100).split()[1] == b"400"
    assert detections.ask("POST", PREDICT, TINY)[0] == 200


@pytest.mark.parametrize("bodies", [200, pytest.param(4000, marks=pytest.mark.slow)])
def test_fuzzed_bodies_never_break_it(detections, scores, pictures: list[bytes], bodies: int):
    rng = random.Random(bodies)
    images, rows = [b64(pictures[0]), {"image_tensor": [[[1, 2, 3]]]}], [{"age": 1.5, "city": "Oslo"}]
    for server, seeds in ((detections, images), (scores, rows)):
        for _ in range(bodies):
            body = {"instances": [rng.choice(seeds)], "parameters": {"max_predictions": 1}}
            body = fuzzed(json.dumps(body).encode(), rng)
            status, answer = server.ask("POST", PREDICT, body)
            assert status in (200, 400), (body, answer)
        assert "Traceback" not in server.log
        assert 'code="500"' not in server.metrics()


STRANGE = [
    b"null",
    b"[]",
    b"{}",
    b"-0",
    b"1e308",
    b"9" * 30,
    b'"\\u0000"',
    b'"\xf0\x9f\x98\x80"',
    b"true",
    b"[" * 900 + b"]" * 900,
]


def fuzzed(body: bytes, rng: random.Random) -> bytes:
    """A body with some of it replaced: bytes by any, or JSON values by strange ones."""
    data = bytearray(body)
    for _ in range(rng.randint(1, 3)):
        at = rng.randrange(len(data))
        match rng.randrange(3):
            case 0:
                data[at] = rng.randrange(256)
            case 1:
                del data[at : at + rng.randint(1, 20)]
            case 2:
                places = [place for place in range(len(data) - 1) if data[place] in b":[,"]
                at = rng.choice(places) + 1 if places else 0
                data[at : at + rng.randint(0, 8)] = rng.choice(STRANGE) + (b"," if rng.random() < 0.5 else b"")
    return bytes(data) or b"x"


def test_rows_of_a_request_are_predicted_together_and_each_bad_one_is_said(scores):
    rows = [{"age": 3, "city": "Oslo"}, {"age": "old", "city": "Oslo"}, {"city": "Rome"}, 7, {"age": "4", "city": None}]
    good, broken, absent, no_row, missing = scores.predict(*rows)
    assert (good, missing) == ({"value": 7.0}, {"value": 8.0})
    assert "'old' is not a number" in broken["error"]["message"]
    assert "'age'" in absent["error"]["message"]
    assert no_row["error"]["code"] == 3


def test_metrics_count_requests_and_instances(detections, pictures: list[bytes]):
    def count(name: str) -> float:
        return float(next(line.split()[-1] for line in detections.metrics().splitlines() if line.startswith(name)))

    names = [
        'graduate_requests_total{code="200"}',
        'graduate_instances_total{outcome="failed"}',
        "graduate_request_seconds_count",
    ]
    detections.predict(1)
    before = [count(name) for name in names]
    detections.predict(b64(pictures[0]), 1, 2)
    assert [count(name) for name in names] == [before[0] + 1, before[1] + 2, before[2] + 1]
    assert count("process_resident_memory_bytes") > 0


def test_logs_are_json_for_cloud_logging_without_what_is_in_a_request(detections):
    detections.predict({"secret": "hunter2"})
    detections.ask("POST", PREDICT, b'"hunter2"')
    detections.ask("POST", PREDICT + "?key=hunter2", TINY)
    lines = [json.loads(line) for line in detections.log.splitlines()]
    assert all({"severity", "message", "time"} <= set(line) for line in lines)
    assert lines[-1]["httpRequest"]["status"] == 200
    assert "hunter2" not in detections.log


def test_at_its_limit_it_says_so_and_takes_the_next_one_later(cats: Path, tmp_path: Path):
    with served(tmp_path, cats, GRADUATE_QUEUE="0") as server:
        inside = server.half_a_request(TINY)
        status, _, headers = server.ask_fully("POST", PREDICT, TINY)
        assert (status, headers["Retry-After"]) == (429, "1")
        assert server.ask("GET", HEALTH)[0] == 200
        inside.sendall(TINY[len(TINY) // 2 :])
        assert read_answer(inside) == (200, {"predictions": []})
        assert server.ask("POST", PREDICT, TINY)[0] == 200


def test_a_client_that_has_gone_while_it_waited_is_not_predicted_for(cats: Path, tmp_path: Path, pictures: list[bytes]):
    body = json.dumps({"instances": [b64(pictures[0])] * 2000}).encode()
    with served(tmp_path, cats) as server:
        busy, impatient = server.half_a_request(body), server.half_a_request(body, in_flight=2)
        for connection in (busy, impatient):
            connection.sendall(body[len(body) // 2 :])
        wait_for(lambda: "graduate_requests_waiting 1.0" in server.metrics())
        impatient.close()
        assert read_answer(busy)[0] == 200
        assert wait_for(lambda: 'graduate_requests_total{code="499"} 1.0' in server.metrics())
        assert 'graduate_instances_total{outcome="predicted"} 2000.0' in server.metrics()


def test_after_sigterm_it_finishes_what_it_has_and_takes_nothing_new(cats: Path, tmp_path: Path):
    with served(tmp_path, cats) as server:
        inside = server.half_a_request(TINY)
        server.process.terminate()
        wait_for(lambda: "draining" in server.log)
        assert [server.ask("POST", PREDICT, TINY)[0], server.ask("GET", HEALTH)[0]] == [503, 503]
        inside.sendall(TINY[len(TINY) // 2 :])
        assert read_answer(inside) == (200, {"predictions": []})
        assert server.process.wait(5) == 0


def test_slow_clients_are_not_waited_for(cats: Path, tmp_path: Path):
    with served(tmp_path, cats, GRADUATE_BODY_SECONDS="1") as server:
        status, answer = read_answer(server.half_a_request(TINY))
        assert (status, answer["error"]["message"]) == (408, "the request was not sent within 1 s")
    with served(tmp_path, cats, GRADUATE_DRAIN_SECONDS="1") as server:
        started, inside = time.monotonic(), server.half_a_request(TINY)
        assert server.stop() == 0
        assert time.monotonic() - started < 6
        inside.close()
        assert "1 requests are cut off" in server.log


@pytest.mark.slow
def test_a_client_that_never_ends_its_head_is_sent_away(detections):
    with socket.create_connection(("127.0.0.1", detections.port), timeout=20) as connection:
        connection.sendall(f"POST {PREDICT} HTTP/1.1\r\n".encode())
        started = time.monotonic()
        assert connection.recv(1) == b""
        assert 8 < time.monotonic() - started < 15


def test_until_the_model_is_there_it_is_not_ready(tmp_path: Path):
    with socket.create_server(("127.0.0.1", 0)) as silent:
        storage = f"http://127.0.0.1:{silent.getsockname()[1]}"
        with served(tmp_path, "gs://bucket/model", ready=False, STORAGE_EMULATOR_HOST=storage) as server:
            assert server.ask("GET", HEALTH) == (503, {"name": "model", "ready": False})
            assert server.ask("POST", PREDICT, TINY)[0] == 503
            assert server.stop() == 0


def test_a_model_that_cannot_be_served_ends_it_with_a_sentence(tmp_path: Path):
    command = [sys.executable, "-m", "graduate.components.online"]
    env = {"PATH": "", "AIP_STORAGE_URI": str(tmp_path), "AIP_HTTP_PORT": "0"}
    ended = subprocess.run(command, env=env, capture_output=True, text=True, timeout=30)
    assert ended.returncode == 65
    said = [json.loads(line) for line in ended.stdout.splitlines()]
    assert any(line["severity"] == "CRITICAL" and "has no model.json" in line["message"] for line in said)
    unset = subprocess.run(command, env={"PATH": ""}, capture_output=True, text=True, timeout=30)
    assert (unset.returncode, "AIP_STORAGE_URI is not set" in unset.stderr) == (65, True)
