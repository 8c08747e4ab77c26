"""The `gutenberg` source: catalogue, local mirror, cleaning, dates, import and polite download."""
