"""Features followed over checkpoints that exist already."""
