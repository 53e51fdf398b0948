"""A small agent runtime with one one-shot fallback model."""
