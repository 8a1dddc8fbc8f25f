"""Scores as functions of features or images, their directions and their intervals."""
