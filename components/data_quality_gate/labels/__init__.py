"""Labels: too few, out of balance, probably wrong, missing or misplaced."""
