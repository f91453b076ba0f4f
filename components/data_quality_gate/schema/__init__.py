"""Schema and types: what each item, column and image is by itself."""
