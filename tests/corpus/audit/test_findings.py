import random
from itertools import pairwise

import pytest

from chronolect.corpus.audit.findings import find_hits, snippet
from chronolect.corpus.audit.lexicon import Term
from chronolect.corpus.audit.marks import load_marks
from chronolect.corpus.audit.matcher import Matcher
from chronolect.timeline import Cutoff, Span

MATCHER = Matcher(
    [Term("radar", 1940), Term("European Union", 1993, "name", True)],
    load_marks(),
    ("the european union", "as it were"),
    1900,
)


def found(text, cutoff="1900-12-31", anchor=None, future_years=60):
    hits = find_hits(text, MATCHER, Cutoff.parse(cutoff), anchor=anchor, future_years=future_years)
    assert all(hit.end <= after.start for hit, after in pairwise(hits))
    return [(hit.kind, text[hit.start : hit.end]) for hit in hits]


@pytest.mark.parametrize(
    ("text", "hits"),
    [
        ("In 1899 and 1900, on 31 December 1900, the 1890s.", []),
        ("On 1 January 1901 and in the 1920s.", [("date", "1 January 1901"), ("date", "1920s")]),
        ("The house was sold in 1960; in the year 1961 it fell.", [("date", "1960"), ("future", "1961")]),
        ("The years 1895 to 1905 were good.", [("date", "1895 to 1905")]),
        ("It stood until 1934, and since 1880.", [("date", "until 1934")]),
        ("It stood from 1850 to 1900, and since 1880, in the Victorian era.", []),
        ("Copyright 1954, by radar", [("mark", "Copyright 1954"), ("word", "radar")]),
        ("In the European Union, as it were", [("word", "European Union"), ("ngram", "as it were")]),
    ],
)
def test_kinds(text, hits):
    assert found(text) == hits


def test_the_day_counts_not_the_year():
    assert found("On 21 July 1969 they left. On 20 July 1969 they came.", "1969-07-20") == [("date", "21 July 1969")]


def test_what_is_relative_to_the_time_of_writing_is_no_finding():
    assert found("Tomorrow and next year we sail.", "1850-06-30", Span.parse("1850-06-30")) == []


def test_short_years_are_of_the_century_of_the_text():
    assert found("It was in the summer of '47.", anchor=Span.year(1850)) == []
    assert found("It was in the summer of '47.", "1900", Span.year(1990)) == [("date", "summer of '47")]


def test_a_text_full_of_findings_takes_no_longer_than_its_length_asks():
    """Twenty thousand findings in one text: quadratic work would not end."""
    draw = random.Random(1)
    text = " ".join(draw.choice(("radar", "as it were", "1935", "word")) for _ in range(30_000))
    assert len(found(text)) > 20_000


def test_snippets_are_whole_words_on_one_line():
    text = "alpha\n" * 20 + "the radar   set" + " omega" * 20
    start = text.index("radar")
    cut = snippet(text, start, start + 5)
    assert "the radar set omega" in cut
    assert set(cut.split()) == {"alpha", "the", "radar", "set", "omega"}
    assert snippet("radar", 0, 5) == "radar"
