"""Stops the run with a work list for whoever owns the data."""
