"""Metrics that compare the pixels of two sets of images, without an extractor."""
