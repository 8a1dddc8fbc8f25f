"""Metrics from nearest neighbours among features, and the search for these."""
