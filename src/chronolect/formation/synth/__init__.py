"""Training runs made up so that every birth and death in them is known: what the measures are held to."""
