"""The connection to Vertex AI, for every step that uses the service."""
