"""Duplicates, and overlap between the splits."""
