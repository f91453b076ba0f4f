"""A server on this machine that speaks the REST interface of Vertex AI, for tests and for trying things out."""
