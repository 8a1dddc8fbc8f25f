"""Datasets and splits read from folders of picture files."""
