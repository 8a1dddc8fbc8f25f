"""Writers of curves, pictures and text: one file format per module."""
