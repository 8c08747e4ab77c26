"""The audit: what in a text is later than the text claims to be."""
