"""Network components, one family of architectures per file, and the spec they fill."""
