"""Settings of runs and evaluations as frozen dataclasses with flags, and records of code."""
