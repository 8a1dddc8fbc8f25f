"""Checks, without a TPU, that a training step compiles for a slice and fits into its memory."""
