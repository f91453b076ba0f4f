"""The online server: one model folder behind the contract of a Vertex AI serving container."""
