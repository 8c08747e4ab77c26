"""Sparse autoencoders: what they are, how they are trained, and how they lie on disk."""
