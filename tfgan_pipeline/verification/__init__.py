"""Facts with known values by which the metrics of this installation are checked."""
