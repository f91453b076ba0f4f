"""Compares the custom model with the baseline on the same frozen test split."""
