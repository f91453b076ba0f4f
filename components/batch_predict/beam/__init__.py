"""Batch prediction as a Beam pipeline, on this machine or on Dataflow."""
