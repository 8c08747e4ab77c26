"""Talking with a model: a clock, a conversation that time passes in, and the terminal."""
