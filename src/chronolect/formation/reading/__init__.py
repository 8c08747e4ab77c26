"""What is read of a language model, and put back into it: the residual stream, streams of activations, the probe."""
