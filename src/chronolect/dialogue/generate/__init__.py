"""Dialogues about time that need no model to write: each answer is computed, each last reply is held to a check."""
