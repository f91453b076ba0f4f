"""Vertex AI for every step that uses it: the connection, jobs that are found again, and what batches answer."""
