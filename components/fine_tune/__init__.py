"""Training of a team's own TensorFlow model."""
