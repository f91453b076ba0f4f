"""The baseline's page, and what each part of it shows."""
