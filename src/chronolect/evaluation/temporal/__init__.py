"""Temporal evaluation: what a model answers to open questions from before and after its cutoff."""
