"""Keras layers that several network components share."""
