"""Baselines of images: heads on a frozen backbone whose features are computed once."""
