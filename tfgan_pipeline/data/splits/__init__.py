"""Ways to store a split: arrays in memory, image files, TFRecord files."""
