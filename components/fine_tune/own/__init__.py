"""A team's own Python module."""
