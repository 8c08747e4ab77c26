"""What a series of autoencoders says of features: matching, purity, births and deaths, each with its null and interval."""
