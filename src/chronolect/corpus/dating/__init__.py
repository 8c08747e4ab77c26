"""When texts and what they speak of were: dates from Wikidata and YAGO, from expressions in the text, and their joining
to documents.
"""
