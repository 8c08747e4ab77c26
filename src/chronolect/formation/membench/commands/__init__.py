"""The commands of Chrono-MemBench: from a configuration to a run, and from runs to a table."""
