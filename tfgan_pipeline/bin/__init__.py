"""Command-line programs, one module each, and the code that they share."""
