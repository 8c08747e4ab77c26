"""What a training run will take, before it starts: weights, memory, time, data and cost."""
