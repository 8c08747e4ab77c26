"""Features followed while a language model trains: autoencoders that learn beside it, on the activations of its own steps."""
