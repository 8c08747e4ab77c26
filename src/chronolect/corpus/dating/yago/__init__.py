"""Dates of entities from YAGO 4.5.

YAGO's files are Turtle with one triple a line, in no order to rely on: the facts of an entity may stand in several files,
and its Wikipedia page apart from its dates. So dates and pages are gathered first and joined at the end. Lines with four
fields between tabs, as YAGO writes them, are read as columns; other lines with one triple one by one; what is written
otherwise goes to pyoxigraph.
"""
