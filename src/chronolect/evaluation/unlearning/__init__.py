"""What unlearning did: how much of what came after the cutoff is gone, what else went with it, and whether quantising brings it back."""
