"""Frechet distances between Gaussians, and the moments and noise floors that they need."""
