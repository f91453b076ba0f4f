"""Predicts every item of a data set with an ONNX model: each exactly once, in Vertex AI's own result files."""
