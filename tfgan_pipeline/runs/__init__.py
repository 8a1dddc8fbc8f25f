"""Run directories: their layout, files, locks, checkpoints and score records."""
