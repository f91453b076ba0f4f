"""The emulator as a process of its own."""

import re
import signal
import subprocess
import sys

import pytest
from google.api_core.client_options import ClientOptions
from google.auth.credentials import AnonymousCredentials
from google.cloud.aiplatform_v1 import PipelineServiceClient


@pytest.mark.parametrize("stop", [signal.SIGINT, signal.SIGTERM])
def test_it_says_where_it_is_and_answers_there(stop: signal.Signals) -> None:
    command = [sys.executable, "-m", "graduate.emulator", "--port", "0"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout
        said = process.stdout.readline()
        (endpoint,) = re.findall(r"http://127\.0\.0\.1:\d+", said)
        client = PipelineServiceClient(
            credentials=AnonymousCredentials(),
            transport="rest",
            client_options=ClientOptions(api_endpoint=endpoint),
        )
        assert not list(client.list_training_pipelines(parent="projects/p/locations/l"))
        process.send_signal(stop)
        said = process.stdout.read()
    assert f"export VERTEX_AI_EMULATOR_HOST={endpoint}" in said
    assert process.returncode == 0
