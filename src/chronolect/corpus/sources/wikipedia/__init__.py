"""The `wikipedia` source: dumps of a wiki, read as a stream and cleaned of their markup."""

from chronolect.corpus.sources.wikipedia.importer import import_wikipedia

__all__ = ["import_wikipedia"]
