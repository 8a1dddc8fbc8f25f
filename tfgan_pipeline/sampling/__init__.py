"""Samplers of trained games, files of samples, and export of networks as a SavedModel."""
