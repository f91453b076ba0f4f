"""What a model on disk is, without loading it."""
