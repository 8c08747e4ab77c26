"""Corpora: documents with two times each, where they come from, what is kept, counted and packed."""

from chronolect.corpus.document import CorpusWriter, Document, read_documents

__all__ = ["CorpusWriter", "Document", "read_documents"]
