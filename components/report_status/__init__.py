"""Says in one sentence how a run ended."""
