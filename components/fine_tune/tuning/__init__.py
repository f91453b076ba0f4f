"""Search of the levers of fine-tuning, from what the baseline's search has found."""
