"""Batch prediction by Vertex AI, with the serving container of this library."""
