"""Themes: weighted lists of telling words, found in one pass, by which documents are chosen."""
