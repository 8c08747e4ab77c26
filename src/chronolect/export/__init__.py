"""Bring a model into the forms that other programs load: merged adapters and GGUF files, each compared with the original."""
