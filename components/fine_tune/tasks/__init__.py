"""What is learned for each task."""
