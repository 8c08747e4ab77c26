"""Several corpora as one: capped by tokens, repeated where wanted, shuffled as a whole."""
