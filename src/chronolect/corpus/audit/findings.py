"""What an audit finds in one text: dates, words, marks and n-grams past a day, none overlapping another."""

import re
from bisect import bisect_right
from collections.abc import Iterable, Iterator
from typing import Any, Literal, get_args

import pyarrow as pa

from chronolect.corpus.audit.matcher import Hit, Matcher, flatten
from chronolect.corpus.dating.expressions import Found, find_expressions
from chronolect.timeline import Cutoff, Span, Verdict
from chronolect.timeline.calendar import year_of

Kind = Literal["mark", "date", "word", "ngram", "future"]
# In this order where two findings say the same.
KINDS: tuple[Kind, ...] = get_args(Kind)
NGRAM, FUTURE = "ngram", "future"
# What counts as later for certain. N-grams are a matter of likelihood, and a novel of 1888 may speak of the year 2000: they are counted apart.
CERTAIN: tuple[Kind, ...] = ("mark", "date", "word")
SCHEMA = pa.schema(
    [
        pa.field("document", pa.string(), nullable=False),
        pa.field("source", pa.string(), nullable=False),
        pa.field("start", pa.int64(), nullable=False),
        pa.field("end", pa.int64(), nullable=False),
        pa.field("kind", pa.string(), nullable=False),
        pa.field("term", pa.string(), nullable=False),
        pa.field("year", pa.int32()),
        pa.field("snippet", pa.string(), nullable=False),
    ]
)
_AROUND = 60  # characters of a snippet on either side


def find_hits(text: str, matcher: Matcher, cutoff: Cutoff, *, anchor: Span | None, future_years: int) -> list[Hit]:
    """Everything past the cutoff in a text, in order of place, the longer one where two overlap.

    `anchor` is when the text was written, as far as is known: it settles "'85". A date that begins more than `future_years` after the
    cutoff is of the kind "future".
    """
    flat = flatten(text)
    limit = year_of(cutoff.day)
    hits = list(matcher(flat, limit))
    hits += _late_dates(text, flat, cutoff, anchor, limit + future_years)
    return _without_overlaps(hits)


def snippet(text: str, start: int, end: int) -> str:
    """The words around a finding, on one line."""
    before = text[max(0, start - _AROUND) : start]
    after = text[end : end + _AROUND]
    if start > _AROUND:
        before = re.sub(r"^\S*\s", "", before)
    if end + _AROUND < len(text):
        after = re.sub(r"\s\S*$", "", after)
    return " ".join(f"{before}{text[start:end]}{after}".split())


def hit_to_row(hit: Hit, text: str, document: str, source: str) -> dict[str, Any]:
    """A finding as a row of `SCHEMA`."""
    return {
        "document": document,
        "source": source,
        "start": hit.start,
        "end": hit.end,
        "kind": hit.kind,
        "term": hit.term,
        "year": hit.year,
        "snippet": snippet(text, hit.start, hit.end),
    }


def _late_dates(text: str, flat: str, cutoff: Cutoff, anchor: Span | None, last_year: int) -> Iterator[Hit]:
    for found in find_expressions(text, anchor):
        late = _late_day(found, cutoff)
        if late is not None:
            year = year_of(late)
            kind: Kind = "future" if year > last_year else "date"
            yield Hit(found.start, found.end, kind, flat[found.start : found.end], year)


def _late_day(found: Found, cutoff: Cutoff) -> int | None:
    """The day past the cutoff that an expression names: its first, or the end of a range ("1895 to 1905", "until 1934")."""
    if found.type == "relative":  # "tomorrow" says nothing but what is known of the document already
        return None
    if cutoff.judge(found.span) is Verdict.AFTER:
        return found.span.earliest
    latest = found.span.latest
    return latest if found.type in ("range", "open") and latest is not None and latest > cutoff.day else None


def _without_overlaps(hits: Iterable[Hit]) -> list[Hit]:
    """The first of those that overlap, of several that begin together the longest; an n-gram only where nothing else was found."""
    kept: list[Hit] = []
    end = 0
    ngrams: list[Hit] = []
    for hit in sorted(hits, key=lambda hit: (hit.start, -hit.end, KINDS.index(hit.kind), hit.term)):
        if hit.kind == NGRAM:
            ngrams.append(hit)
        elif hit.start >= end:
            kept.append(hit)
            end = hit.end
    ends = [hit.end for hit in kept]  # of these alone: what is added below comes after them
    end = 0
    for hit in ngrams:
        place = bisect_right(ends, hit.start)  # the first that ends past the start of this one
        if hit.start >= end and (place == len(ends) or kept[place].start >= hit.end):
            kept.append(hit)
            end = hit.end
    return sorted(kept, key=lambda hit: hit.start)
