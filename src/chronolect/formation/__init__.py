"""Training time: when a model learned a thing, and whether it kept it. Sparse features followed through the checkpoints of a run."""
