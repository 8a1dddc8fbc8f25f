"""Datasets of Parquet files, as hubs serve data sets."""
