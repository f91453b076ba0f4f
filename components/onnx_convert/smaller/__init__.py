"""Smaller and faster ONNX files: int8, and weights as float16; accepted only where they are."""
