"""Augmentations of training images, applied in the input pipeline."""
