"""Drift: what differs between the splits, and since an earlier run."""
