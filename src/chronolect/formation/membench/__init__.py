"""Chrono-MemBench's configurations and commands: YAML in, a training that is followed out."""
