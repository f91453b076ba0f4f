"""The data-quality gate: fix the data, graduate to an own model, or ship the baseline, with the evidence."""
