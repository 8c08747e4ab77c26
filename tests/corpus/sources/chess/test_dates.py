"""When a game was played: partial dates, lives of players, nothing guessed."""

import pytest

from chronolect.corpus.sources.chess.dates import (
    BadDate,
    family_key,
    game_evidence,
    game_span,
    name_key,
    pgn_span,
    plain_name,
    read_lives,
    when_in_words,
)
from chronolect.errors import UserError
from chronolect.timeline import Cutoff, Span, Verdict


@pytest.mark.parametrize(
    ("date", "edtf", "words"),
    [
        ("1886.01.11", "1886-01-11", "on 11 January 1886"),
        ("1886.1.1", "1886-01-01", "on 1 January 1886"),
        ("1886-01-11", "1886-01-11", "on 11 January 1886"),
        ("1886.01.??", "1886-01", "in January 1886"),
        ("1886.??.??", "1886", "in 1886"),
        ("1886.00.00", "1886", "in 1886"),
        ("1886.??.11", "1886", "in 1886"),
        ("1886", "1886", "in 1886"),
        ("188?.??.??", "188X", "between 1880 and 1889"),
        ("18??.??.??", "18XX", "between 1800 and 1899"),
        ("????.??.??", None, ""),
        ("????.01.11", None, ""),
        ("0000.00.00", None, ""),
        ("?", None, ""),
        ("", None, ""),
    ],
)
def test_partial_dates(date, edtf, words):
    if date == "????.01.11":  # a day without a year is as good as none, and said to be
        with pytest.raises(BadDate):
            pgn_span(date)
        return
    assert pgn_span(date) == (Span.parse(edtf) if edtf else Span())
    assert when_in_words(date) == words


@pytest.mark.parametrize("date", ["1886.02.30", "1886.13.01", "11.01.1886", "last spring", "1?86.??.??", "18860111"])
def test_bad_dates(date):
    with pytest.raises(BadDate, match="date"):
        pgn_span(date)


def test_event_date_is_only_a_bound():
    assert game_span({"EventDate": "1886.01.11"})[0] == Span.parse("1886-01-11/..")
    assert game_span({"Date": "1886.??.??", "EventDate": "1886.03.29"})[0].edtf() == "1886-03-29/1886-12-31"
    assert game_span({"Date": "1886.04.02", "EventDate": "1886.03.29"})[0].edtf() == "1886-04-02"
    assert game_span({"Date": "1886.04.02", "EventDate": "1887.03.29"})[0].edtf() == "1886-04-02"


LIVES = 'name,born,died\nWilhelm Steinitz,1836-05-14,1900-08-12\n"Zukertort, Johannes",1842-09-07,1888-06-20\nSpassky,1937,\n'


@pytest.fixture
def lives(tmp_path):
    (tmp_path / "players.csv").write_text(LIVES, encoding="utf-8")
    return read_lives(tmp_path / "players.csv")


def test_lives_bound_undated_games(lives):
    tags = {"White": "Steinitz, Wilhelm", "Black": "Johannes Zukertort", "Date": "????.??.??"}
    span, evidence, contradiction = game_evidence(tags, "a.pgn:1", lives)
    assert span.edtf() == "1842-09-07/1888-06-20"
    assert [piece.kind for piece in evidence] == ["author-life", "author-life"]
    assert not contradiction
    assert Cutoff.parse("1969-07-20").judge(span) is Verdict.BEFORE
    dated, evidence, _ = game_evidence({**tags, "Date": "188?.??.??"}, "a.pgn:1", lives)
    assert dated.edtf() == "1880-01-01/1888-06-20"
    assert [piece.kind for piece in evidence] == ["header", "author-life", "author-life"]


def test_a_living_player_bounds_from_below_only(lives):
    span, _, _ = game_evidence({"White": "Spassky", "Black": "?"}, "a.pgn:1", lives)
    assert span.edtf() == "1937/.."
    assert Cutoff.parse("1969-07-20").judge(span) is Verdict.STRADDLES


def test_contradictions_widen(lives):
    span, evidence, contradiction = game_evidence(
        {"White": "Steinitz, Wilhelm", "Date": "1951.03.01"}, "a.pgn:1", lives
    )
    assert span.edtf() == "1836-05-14/1951-03-01"
    assert len(evidence) == 2
    assert "Steinitz" in contradiction


@pytest.mark.parametrize(
    ("table", "what"),
    [
        ("name,born\nA,1900\n", "died"),
        ("name,born,died\nA,1900,1890\n", "before being born"),
        ("name,born,died\nA,soon,\n", "soon"),
    ],
)
def test_broken_tables(tmp_path, table, what):
    (tmp_path / "players.csv").write_text(table, encoding="utf-8")
    with pytest.raises(UserError, match=what):
        read_lives(tmp_path / "players.csv")


def test_names():
    assert plain_name("Capablanca, José Raúl") == "José Raúl Capablanca"
    assert name_key("Capablanca, José Raúl") == name_key("Jose Raul Capablanca") == "jose raul capablanca"
    assert family_key("Capablanca,JR") == family_key("J. R. Capablanca") == "capablanca"
    assert [plain_name(name) for name in ("?", "", "NN", "N.N.", "-")] == [""] * 5
