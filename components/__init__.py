"""Components of the graduation pipelines: one folder each, with a door (component.py) and a room (plain Python)."""
