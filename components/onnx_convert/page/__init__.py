"""The page of a conversion."""
