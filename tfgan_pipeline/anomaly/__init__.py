"""Anomaly scores: how unlike the pictures of a run a picture is, by methods that can be chosen."""
