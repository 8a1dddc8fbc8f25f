"""Datasets computed on the spot, from random numbers or from images of another dataset."""
