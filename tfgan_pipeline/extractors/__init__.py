"""Extractors, functions from images to features, and the preparation of images for them."""
