"""TIMEBench: short scenes with time in them, several replies to each, a verdict on each reply, and what they come to."""
