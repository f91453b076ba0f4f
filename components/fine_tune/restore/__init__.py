"""Pretrained weights: where they come from, and which of them fit."""
