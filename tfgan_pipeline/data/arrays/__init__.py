"""Datasets of NumPy arrays, in files and in memory."""
