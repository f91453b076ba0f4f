"""Pretrained weights in the forms that people have them in, all read into the names of our own networks."""
