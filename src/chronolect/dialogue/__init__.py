"""Dialogue time: when is this being said? Time tags, silent ticks, short think blocks, and the data that teaches them."""
