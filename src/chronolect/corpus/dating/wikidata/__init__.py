"""Dates of entities from a Wikidata dump: the entity JSON, or truthy N-Triples."""
