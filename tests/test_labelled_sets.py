"""The labelled sets in tests/data are well formed: offsets, spans, counts and splits."""

import json
from collections import Counter
from pathlib import Path

import pytest

from chronolect.timeline import Cutoff, Span, Verdict, hull

DATA = Path(__file__).parent / "data"
ERAS = {"ancient", "medieval", "1500-1799", "1800s", "1900-1945", "1946-1969", "1970-2024", "future", "none"}
TYPES = {"day", "month", "year", "decade", "century", "range", "season", "era", "reign", "war", "relative", "open"}


def load(name):
    return [json.loads(line) for line in (DATA / name).read_text(encoding="utf-8").splitlines()]


@pytest.fixture(scope="module")
def passages():
    return load("dating/passages.jsonl")


@pytest.fixture(scope="module")
def titles():
    return load("dating/titles.jsonl")


@pytest.fixture(scope="module")
def plants():
    return load("audit/plants.jsonl")


def test_ids_are_unique_and_splits_are_halves(passages, titles, plants):
    for rows in (passages, titles, plants):
        assert len({row["id"] for row in rows}) == len(rows)
        splits = Counter(row["split"] for row in rows)
        assert set(splits) == {"dev", "test"}
        assert abs(splits["dev"] - splits["test"]) <= len(rows) * 0.1


def test_expressions_lie_in_their_text(passages):
    for row in passages:
        end = 0
        for expression in row["expressions"]:
            assert end <= expression["start"] < expression["end"], row["id"]
            assert row["text"][expression["start"] : expression["end"]] == expression["text"], row["id"]
            assert expression["text"] == expression["text"].strip(), row["id"]
            assert expression["type"] in TYPES, row["id"]
            end = expression["end"]


def test_a_passage_is_about_the_hull_of_its_expressions(passages):
    for row in passages:
        spans = [Span.parse(expression["edtf"]) for expression in row["expressions"]]
        assert all(span.is_known for span in spans), row["id"]
        if not spans:
            assert (row["about"], row["era"]) == (None, "none"), row["id"]
            continue
        assert Span.parse(row["about"]) == hull(spans) != Span(), row["id"]


def test_relative_and_two_digit_expressions_have_an_anchor(passages):
    for row in passages:
        if row["anchor"] is not None:
            assert Span.parse(row["anchor"]).is_known
        elif any(e["text"].startswith(("'", "the '")) and e["type"] in ("year", "decade") for e in row["expressions"]):
            # the passage may give the century itself
            assert any(e["edtf"].startswith(("19", "20")) for e in row["expressions"]), row["id"]


def test_passages_are_many_and_of_all_kinds(passages):
    assert len(passages) >= 420
    assert len({row["text"] for row in passages}) == len(passages)
    eras = Counter(row["era"] for row in passages)
    assert set(eras) == ERAS
    assert eras["none"] >= 70
    assert eras["ancient"] + eras["medieval"] >= 40
    assert eras["1900-1945"] + eras["1946-1969"] >= 80
    assert eras["1970-2024"] + eras["future"] >= 120
    types = Counter(expression["type"] for row in passages for expression in row["expressions"])
    assert set(types) == TYPES
    assert types["range"] >= 40
    assert types["decade"] >= 40
    assert types["open"] >= 20
    assert types["war"] + types["era"] + types["reign"] >= 30


def test_passages_try_three_cutoffs_on_both_sides(passages):
    spans = [Span.parse(row["about"]) for row in passages if row["about"]]
    for cutoff in ("1815", "1900", "1969-07-20"):
        verdicts = Counter(Cutoff.parse(cutoff).judge(span) for span in spans)
        assert verdicts[Verdict.BEFORE] >= 60
        assert verdicts[Verdict.AFTER] >= 60
        assert verdicts[Verdict.STRADDLES] >= 15


def test_title_facts(titles):
    assert len(titles) >= 220
    assert len({row["qid"] for row in titles}) == len({row["page_id"] for row in titles}) == len(titles)
    names = [name for row in titles for name in [row["title"], *row["redirects"]]]
    assert len({name.casefold() for name in names}) == len(names)
    for row in titles:
        assert row["era"] in ERAS
        assert row["join"] in ("qid", "page_id", "title", "redirect")
        assert row["join"] != "redirect" or row["redirects"], row["id"]
        for fact in row["facts"]:
            assert fact["property"].startswith("P")
            assert fact["property"][1:].isdigit()
            assert Span.parse(fact["time"]).is_known
            assert fact["rank"] in ("preferred", "normal", "deprecated")
            assert fact["precision"] in ("day", "month", "year", "decade", "century", "millennium")
        if row["about"] is not None:
            assert Span.parse(row["about"]).is_known, row["id"]


def test_titles_are_of_all_kinds(titles):
    kinds = Counter(row["kind"] for row in titles)
    assert set(kinds) == {"person", "organisation", "event", "work", "place", "other"}
    assert min(kinds.values()) >= 25
    assert min(Counter(row["join"] for row in titles).values()) >= 20
    assert sum(row["about"] is None for row in titles) >= 8


def test_title_birth_and_death_agree_with_the_label(titles):
    """The label is by hand; an independent reading of the plainest case guards against slips."""
    checked = 0
    for row in titles:
        times = {fact["property"]: Span.parse(fact["time"]) for fact in row["facts"] if fact["rank"] == "normal"}
        if len(times) == len(row["facts"]) == 2 and set(times) == {"P569", "P570"} and not row["tolerance_years"]:
            about = Span.parse(row["about"])
            assert (about.earliest, about.latest) == (times["P569"].earliest, times["P570"].latest), row["id"]
            checked += 1
    assert checked >= 50


def test_plants_tell_by_their_words(plants):
    assert len(plants) >= 220
    assert len({row["sentence"] for row in plants}) == len(plants)
    for row in plants:
        assert 1 <= len(row["what"]) <= 2
        assert all(word in row["sentence"] for word in row["what"]), row["id"]
        assert 1901 <= row["year"] <= 2024
    kinds = Counter(row["kind"] for row in plants)
    assert kinds["word"] >= 60
    assert kinds["date"] <= 60
    assert kinds["mark"] >= 25
    assert kinds["person"] + kinds["event"] + kinds["organisation"] >= 55
    decades = {row["year"] // 10 for row in plants}
    assert set(range(190, 203)) <= decades
