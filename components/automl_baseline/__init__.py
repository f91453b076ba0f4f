"""The AutoML baseline: a first honest number, and everything that the custom model can inherit."""
