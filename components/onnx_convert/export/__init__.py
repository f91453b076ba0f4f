"""From a SavedModel to an ONNX file."""
