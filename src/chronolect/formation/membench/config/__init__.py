"""Chrono-MemBench's YAML: its keys, the presets, which layer a value comes from, and what a run makes of it."""
