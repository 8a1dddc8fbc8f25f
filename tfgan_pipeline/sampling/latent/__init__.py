"""Latents of generators: limits, paths, arithmetic, films, and the way from pictures to latents."""
