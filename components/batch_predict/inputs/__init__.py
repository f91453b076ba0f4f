"""What can be predicted: one reader per kind of input, all giving the same records."""
