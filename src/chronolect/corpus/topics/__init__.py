"""Events by year: the year pages of a wiki as data and as documents that a cutoff can part by the day."""

from chronolect.corpus.topics.importing import year_topics

__all__ = ["year_topics"]
