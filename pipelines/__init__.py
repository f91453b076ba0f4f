"""Pipelines made of the components, and the `graduate` command that compiles, runs and submits them."""
