"""Captions of pictures: their words as numbers, and the files that they come in."""
