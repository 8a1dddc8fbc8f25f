"""References that generated images are compared with, and their files and caches."""
