"""Other forms of a model: LiteRT, Edge TPU, its backbone alone, its weights for PyTorch."""
