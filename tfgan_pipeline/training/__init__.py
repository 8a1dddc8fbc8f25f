"""The training step, its loop, and the records that a run leaves behind."""
