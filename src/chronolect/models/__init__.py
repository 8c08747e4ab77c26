"""Models: sizes, tokenizers, loading, and one interface to score and generate."""
