"""Conversion of a trained model to ONNX, with the proof that it computes the same."""
