"""Where things are kept: the warehouse, the model registry, the home."""
