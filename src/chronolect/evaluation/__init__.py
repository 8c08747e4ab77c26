"""Evaluation: up to when a model knows the world, measured with intervals."""
