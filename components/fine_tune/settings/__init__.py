"""The levers of fine-tuning, and the forms they are read from."""
