"""Base models, their stacking and the challenger made of them."""
