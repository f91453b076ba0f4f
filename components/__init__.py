"""Components of the graduation pipelines: one folder each, with a door (component.py) and a room (plain Python)."""

import os

# ONNX Runtime would report to its makers and write into the home folder; it looks for this when it is first imported
# (https://github.com/microsoft/onnxruntime/blob/main/docs/Privacy.md).
os.environ.setdefault("ORT_DISABLE_TELEMETRY", "1")
