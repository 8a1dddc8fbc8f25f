"""Metrics of the classes that an extractor sees in samples."""
