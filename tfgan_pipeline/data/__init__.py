"""Datasets, their fields and splits, augmentations, and the input pipeline of training."""
