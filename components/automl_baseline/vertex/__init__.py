"""Baselines that Vertex AI trains: launched, waited for, and read back into a model folder."""
