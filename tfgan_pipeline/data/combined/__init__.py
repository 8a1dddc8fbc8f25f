"""Datasets that put other datasets side by side."""
