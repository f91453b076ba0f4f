"""Baselines of time series: one proven ONNX graph from a window of the past to the values ahead."""
