"""Runs the emulator by itself: python -m graduate.emulator [--port PORT]."""

import argparse
import signal
import threading

from .server import Emulator

_HELP = """The emulator of Vertex AI listens at {endpoint}; Ctrl-C stops it.

Point graduate's components to it:
    export VERTEX_AI_EMULATOR_HOST={endpoint}
or the SDK itself:
    aiplatform.init(api_endpoint="{endpoint}", api_transport="rest", credentials=AnonymousCredentials())

Data are read from and written to Cloud Storage: that of this machine where STORAGE_EMULATOR_HOST says so
(gcp-storage-emulator start), or real buckets with your own credentials. Every request that reads is a second for a job.
"""


def main() -> None:
    """Serves until Ctrl-C, or SIGTERM."""
    parser = argparse.ArgumentParser(
        prog="python -m graduate.emulator", description="A local server for Vertex AI's API."
    )
    parser.add_argument("--port", type=int, default=8099, help="port on 127.0.0.1 (default: %(default)s)")
    with Emulator(parser.parse_args().port) as emulator:
        print(_HELP.format(endpoint=emulator.endpoint), flush=True)
        # Not KeyboardInterrupt: what a shell starts in the background has that signal ignored.
        is_stopped = threading.Event()
        for name in (signal.SIGINT, signal.SIGTERM):
            signal.signal(name, lambda *_: is_stopped.set())
        is_stopped.wait()
        print("stopped", flush=True)


if __name__ == "__main__":
    main()
