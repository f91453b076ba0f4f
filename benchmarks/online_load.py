"""The online server at saturation, from a process of its own, with a share of requests that are no good.

    python -m benchmarks.online_load converted/ --seconds 120

`converted/` is a model folder of images. The server runs as its container does. Every good request must be answered
200 with the very prediction that the model gives by itself, every bad one with its own status, and memory must stay as
it was after the first tenth of the time, within 10 %.
"""

import argparse
import base64
import http.client
import io
import os
import random
import signal
import socket
import subprocess
import sys
import threading
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import orjson
from PIL import Image

from benchmarks.gate_images import photograph
from graduate.components.prediction.decode import decode
from graduate.components.prediction.ids import drop_ids
from graduate.components.prediction.predictor import open_predictor

_PICTURES = 16
_BAD_SHARE = 0.01
_ROUTE = "/v1/models/model:predict"
_JSON = {"Content-Type": "application/json"}


@dataclass(frozen=True)
class Request:
    """A body and what must be answered: the status, and of a good one the predictions."""

    body: bytes
    status: int
    expected: list | None = None


@dataclass
class Seen:
    """What the clients saw."""

    seconds: list[float] = field(default_factory=list)  # of good requests
    statuses: Counter = field(default_factory=Counter)  # (is good, status)
    faults: list[str] = field(default_factory=list)


def main() -> None:
    """Loads the server, prints the table, and ends with 1 where something was not as it must be."""
    options = _options()
    good, bad = _good_requests(options.model), _bad_requests()
    seen, memory = Seen(), []
    with _server(options.model) as (port, start_up):
        ends = time.monotonic() + options.seconds
        threads = [
            threading.Thread(target=_client, args=(port, good, bad, ends, seed, seen))
            for seed in range(options.clients)
        ]
        for thread in threads:
            thread.start()
        while time.monotonic() < ends:
            memory.append(_metric(port, "process_resident_memory_bytes") / 2**20)
            time.sleep(min(1, options.seconds / 50))
        for thread in threads:
            thread.join()
        cpu = _metric(port, "process_cpu_seconds_total")
    _print(seen, memory, start_up, cpu, options)
    settled = memory[len(memory) // 10]
    if memory[-1] > 1.1 * settled:
        seen.faults.append(f"memory grew from {settled:.0f} to {memory[-1]:.0f} MiB")
    if seen.faults:
        raise SystemExit("\n".join(["", f"{len(seen.faults)} faults, such as:", *seen.faults[:5]]))


def _client(port: int, good: list[Request], bad: list[Request], ends: float, seed: int, seen: Seen) -> None:
    rng = random.Random(seed)
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=60)
    while time.monotonic() < ends:
        request = rng.choice(bad if rng.random() < _BAD_SHARE else good)
        started = time.perf_counter()
        try:
            connection.request("POST", _ROUTE, request.body, _JSON)
            answer = connection.getresponse()
            content = answer.read()
        except OSError as error:
            seen.faults.append(f"no answer: {error!r}")
            connection.close()
            continue
        seen.statuses[request.expected is not None, answer.status] += 1
        if request.expected is not None:
            seen.seconds.append(time.perf_counter() - started)
        if answer.status != request.status:
            seen.faults.append(f"{answer.status} in place of {request.status}: {content[:100]!r}")
        elif request.expected is not None:
            found = [drop_ids(each) for each in orjson.loads(content)["predictions"]]
            if found != request.expected:
                seen.faults.append(f"other predictions: {str(found)[:100]}")


def _good_requests(model: Path) -> list[Request]:
    """One picture each, with the predictions of the model in this process."""
    predictor, rng = open_predictor(model), np.random.default_rng(0)
    requests = []
    for _ in range(_PICTURES):
        file = io.BytesIO()
        photograph(rng).resize((500, 375), Image.Resampling.BILINEAR).save(file, "JPEG", quality=90)
        body = orjson.dumps({"instances": [{"b64": base64.b64encode(file.getvalue()).decode()}]})
        requests.append(Request(body, 200, list(predictor.predict_images([decode(file.getvalue())]))))
    return requests


def _bad_requests() -> list[Request]:
    return [
        Request(b'{"instances": [', 400),
        Request(b'{"instances": [NaN]}', 400),
        Request(b"[" * 100_000, 400),
        Request(b'{"inputs": []}', 400),
        Request(b'{"instances": [{"b64": "/9j/4AAQ"}]}', 200),  # an error in the place of the prediction
        Request(b" " * (11 * 1024**2), 413),
    ]


@contextmanager
def _server(model: Path) -> Iterator[tuple[int, float]]:
    """Gives the port of a server, and the seconds from the start of its process until it was ready."""
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    environment = {**os.environ, "AIP_STORAGE_URI": str(model), "AIP_HTTP_PORT": str(port)}
    started = time.perf_counter()
    command = [sys.executable, "-m", "graduate.components.online"]
    process = subprocess.Popen(command, env=environment, stdout=subprocess.DEVNULL)
    try:
        while not _is_ready(port):
            if process.poll() is not None:
                raise SystemExit(f"the server ended with {process.returncode}")
            time.sleep(0.01)
        yield port, time.perf_counter() - started
    finally:
        process.send_signal(signal.SIGTERM)
        if process.wait(30) != 0:
            raise SystemExit(f"after SIGTERM the server ended with {process.returncode}")


def _is_ready(port: int) -> bool:
    try:
        return _get(port, "/v1/models/model")[0] == 200
    except OSError:
        return False


def _metric(port: int, name: str) -> float:
    lines = _get(port, "/metrics")[1].decode().splitlines()
    return next(float(line.split()[1]) for line in lines if line.startswith(f"{name} "))


def _get(port: int, path: str) -> tuple[int, bytes]:
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=60)
    try:
        connection.request("GET", path)
        answer = connection.getresponse()
        return answer.status, answer.read()
    finally:
        connection.close()


def _print(seen: Seen, memory: list[float], start_up: float, cpu: float, options: argparse.Namespace) -> None:
    p50, p99 = (1e3 * np.percentile(seen.seconds, q) for q in (50, 99))
    rows = {
        "clients": options.clients,
        "good requests": len(seen.seconds),
        "of them by status": _statuses(seen, is_good=True),
        "bad requests by status": _statuses(seen, is_good=False),
        "good requests per second": f"{len(seen.seconds) / options.seconds:.1f}",
        "CPU of the server per request, ms": f"{1e3 * cpu / sum(seen.statuses.values()):.1f}",
        "latency p50, ms": f"{p50:.1f}",
        "latency p99, ms": f"{p99:.1f}",
        "memory at the start, MiB": f"{memory[0]:.0f}",
        "after a tenth of the time": f"{memory[len(memory) // 10]:.0f}",
        "at the end": f"{memory[-1]:.0f}",
        "from process start to readiness, s": f"{start_up:.2f}",
    }
    print("", f"{options.seconds:g} s on {os.cpu_count()} cores", "", "| | |", "| --- | --- |", sep="\n")
    for name, value in rows.items():
        print(f"| {name} | {value} |")


def _statuses(seen: Seen, is_good: bool) -> str:
    return ", ".join(f"{status}: {count}" for (good, status), count in sorted(seen.statuses.items()) if good == is_good)


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("model", type=Path, help="model folder with model.onnx")
    parser.add_argument("--seconds", type=float, default=120.0)
    parser.add_argument("--clients", type=int, default=16, help="connections, each with a request at a time")
    return parser.parse_args()


if __name__ == "__main__":
    main()
