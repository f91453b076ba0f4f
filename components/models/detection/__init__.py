"""A single-stage detector in plain Keras, as small pieces that are tested apart.

Boxes are [ymin, xmin, ymax, xmax] in 0..1 everywhere in here, as in TensorFlow's image operations.
"""
