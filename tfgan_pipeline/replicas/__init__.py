"""Devices, worker processes, and what replicas share: sums, random numbers, stop requests."""
