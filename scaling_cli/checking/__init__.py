"""A run held against a baseline: per-question values, what is comparable, verdicts, reports."""
