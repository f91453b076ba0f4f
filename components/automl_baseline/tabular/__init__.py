"""Baselines of tables and of texts: gradient boosting or a linear model, as one proven ONNX graph."""
