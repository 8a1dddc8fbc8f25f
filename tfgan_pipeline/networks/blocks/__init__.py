"""Residual blocks, and the widths of the networks that are built from them."""
