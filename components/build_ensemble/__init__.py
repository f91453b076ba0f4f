"""Several ONNX models as one: weights learned on the validation split, proven on the test split."""
