"""Readers of label formats: one file each. They read what the data say; images are decoded elsewhere."""
