"""Ways to store a split: arrays in memory or on disk, image files, TFRecord files."""
