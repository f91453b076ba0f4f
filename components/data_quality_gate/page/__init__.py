"""The gate's page."""
