"""Leakage and importance: what the label can be read from, found by models of the gate's own."""
