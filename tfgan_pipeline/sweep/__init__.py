"""Sweeps: the runs of all combinations of settings, trained side by side, compared at the end."""
