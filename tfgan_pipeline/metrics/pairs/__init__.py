"""Metrics that compare each output with its own target image."""
