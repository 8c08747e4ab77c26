"""The import of chess games: what is kept, what is left out and why, copies, caps, and the words."""

import json
import random
import re
from pathlib import Path

import chess
import pytest

from chronolect.artifacts import MANIFEST
from chronolect.corpus import read_documents
from chronolect.corpus.encoding import Encoder
from chronolect.corpus.engine import Engine
from chronolect.corpus.filter import filter_corpus
from chronolect.corpus.sources.chess import import_chess, importing
from chronolect.errors import UserError
from chronolect.timeline import Span

SCHOLAR = "1. e4 e5 2. Bc4 Nc6 3. Qh5 Nf6 4. Qxf7#"
STALE = "1. e3 a5 2. Qh5 Ra6 3. Qxa5 h5 4. h4 Rah6 5. Qxc7 f6 6. Qxd7+ Kf7 7. Qxb7 Qd3 8. Qxb8 Qh7 9. Qxc8 Kg6 10. Qe6"
REPEATED = "1. Nf3 Nf6 2. Ng1 Ng8 3. Nf3 Nf6 4. Ng1 Ng8"


def game(moves, result="*", white="Morphy, Paul", black="Anderssen, Adolf", date="1858.12.20", **tags):
    given = {"Event": "Paris m", "Site": "Paris FRA", "Date": date, "Round": "2", "White": white, "Black": black}
    given |= {"Result": result} | tags
    return "\n".join(f'[{name} "{value}"]' for name, value in given.items()) + f"\n\n{moves} {result}\n\n"


def load(tmp_path: Path, *games: str, **options):
    (tmp_path / "games.pgn").write_text("".join(games), encoding="utf-8")
    out = tmp_path / "out"
    options = {"rules": False, "engine": Engine(workers=1)} | options
    counts = import_chess([tmp_path / "games.pgn"], out=out, **options)
    dropped = list(read_documents(out / "dropped")) if (out / "dropped").is_dir() else []
    return (
        list(read_documents(out)),
        dropped,
        counts,
        json.loads((out / MANIFEST).read_text(encoding="utf-8"))["counts"],
    )


def test_a_game_in_words(tmp_path):
    (document,), dropped, counts, _ = load(tmp_path, game(SCHOLAR, "1-0"))
    assert (counts["documents"], dropped) == (1, [])
    text = document.text
    assert "Paul Morphy" in text
    assert "Adolf Anderssen" in text
    assert "in round 2 of the Paris match" in text or "in round 2 of the Paris match in Paris" in text
    assert "on 20 December 1858" in text
    assert "Bishop's Opening" in text
    assert "pawn to e4, pawn to e5; bishop to c4, knight to c6; queen to h5, knight to f6" in text
    assert "The last of four moves was White's: queen takes pawn on f7, check." in text
    assert "It was checkmate: the black king on e8 could not escape" in text
    assert "White was ahead by one point of material" in text
    assert document.title == "Paul Morphy against Adolf Anderssen, the Paris match (1858)"
    assert document.about == Span.parse("1858-12-20")
    assert document.written == Span.parse("1858-12-20/..")
    (evidence,) = document.evidence
    assert (evidence.kind, evidence.field, evidence.reference, evidence.quote) == (
        "header", "about", "games.pgn:1", "1858.12.20",
    )  # fmt: skip
    assert document.meta["opening"] == "Bishop's Opening"
    board = chess.Board(document.meta["final"])
    assert board.is_checkmate()


@pytest.mark.parametrize(
    ("moves", "result", "tags", "words"),
    [
        (STALE, "1/2-1/2", {}, "It was stalemate: Black had no legal move and was not in check"),
        (REPEATED, "1/2-1/2", {}, "The same position had come up three times"),
        ("1. e4 e5", "1-0", {"Termination": "Time forfeit"}, "won on time"),
        ("1. e4 e5", "0-1", {"Termination": "normal"}, "resigned, and"),
        ("1. e4 e5", "*", {}, "How the game ended is not recorded."),
        ("1. e4 e5", "1/2-1/2", {}, "draw"),
        (SCHOLAR, "*", {}, "It was checkmate"),  # the board knows
    ],
)
def test_endings(tmp_path, moves, result, tags, words):
    (document,), *_ = load(tmp_path, game(moves, result, **tags))
    assert words in document.text
    if "resign" not in words:
        assert "resigned" not in document.text


def test_special_moves(tmp_path):
    moves = "1. e4 c5 2. e5 d5 3. exd6 Nf6 4. dxe7 Nc6 5. exd8=Q+ Nxd8 6. Nf3 Be7 7. Be2 O-O 8. O-O Bg4 9. Nc3 Bxf3 10. Bxf3 b5 11. Nxb5"
    (document,), *_ = load(tmp_path, game(moves, "1-0"))
    text = document.text
    assert "pawn takes pawn on d6 in passing" in text
    assert "pawn takes queen on d8, becoming a queen, check" in text
    assert text.count("king's side") == 2
    assert re.search(r"bishop (took|captured).* knight on f3|took the knight on f3 with the bishop", text)
    assert "took back with the bishop" in text
    (full,), *_ = load(tmp_path, game(moves, "1-0"), moves="all")
    deeds = re.findall(
        r"(?:pawn|knight|bishop|rook|queen|king) (?:to|takes)|castles", full.text.split("The last of")[0]
    )
    assert len(deeds) == 21


def test_styles(tmp_path):
    (summary,), *_ = load(tmp_path, game(SCHOLAR, "1-0"), style="summary")
    assert "1. e4 e5 2. Bc4 Nc6 3. Qh5 Nf6 4. Qxf7# 1-0" in summary.text
    assert "White won by checkmate after four moves." in summary.text
    (both,), *_ = load(tmp_path, game(SCHOLAR, "1-0"), style="both")
    assert both.text.endswith("4. Qxf7# 1-0")
    (prose,), *_ = load(tmp_path, game(SCHOLAR, "1-0"))
    assert "Qxf7" not in prose.text
    assert both.text.startswith(prose.text)


def test_comments_only_when_asked(tmp_path):
    annotated = game("1. e4 {the computer of 1997 prefers this} e5 2. Ke2? Ke7", "1/2-1/2")
    (plain,), *_ = load(tmp_path, annotated)
    assert "1997" not in plain.text
    assert "king to e2 (a mistake)" in plain.text
    (full,), *_ = load(tmp_path, annotated, comments=True)
    assert "Note: the computer of 1997 prefers this." in full.text


def test_a_set_position(tmp_path):
    fen = "8/8/8/8/8/3k4/4q3/6K1 b - - 3 61"
    (document,), *_ = load(tmp_path, game("61... Qf3 62. Kh2 Ke2", "*", SetUp="1", FEN=fen))
    assert "did not begin from the usual position: White had nothing but the king and Black one queen" in document.text
    assert "opening" not in document.meta
    assert chess.Board(document.meta["final"]).fullmove_number == 63


def test_what_is_left_out(tmp_path):
    games = {
        "kept": game(SCHOLAR, "1-0"),
        "duplicate": game(SCHOLAR.replace("#", "").replace("1. e4 e5", "1.e4 {x} 1...e5"), "1-0", white="P. Morphy", date="1858.??.??"),
        "illegal move": game("1. e4 e5 2. Ke3", "1-0"),
        "illegal move 2": game("1. e4 Zf6 2. d4", "1-0", white="X, A"),
        "result": game(SCHOLAR, "0-1", black="Y, B"),
        "other rules": game("1. e4 e5", "*", Variant="Chess960"),
        "no moves": game("", "1-0"),
        "players unknown": game("1. e4 e5", "*", white="?", black="NN"),
        "unreadable": game("1. e4 {never closed", "*"),
        "position": game("1. e4", "*", SetUp="1", FEN="8/8/8/8/8/8/8/8 w - - 0 1"),
        "after": game("1. d4 d5", "1/2-1/2"),
        "other year": game(SCHOLAR, "1-0", date="1859.01.01"),
    }  # fmt: skip
    kept, dropped, counts, stored = load(tmp_path, *games.values())
    assert [document.meta["date"] for document in kept] == ["1858.12.20", "1858.12.20", "1859.01.01"]
    assert counts["games"] == len(games) == len(kept) + len(dropped)
    assert counts["dropped_by"] == {
        "duplicate": 1, "illegal move": 2, "result": 1, "other rules": 1, "no moves": 1, "players unknown": 1,
        "unreadable": 1, "position": 1,
    }  # fmt: skip
    assert counts["problems"] == {"illegal move": 2, "result": 1, "unreadable": 1, "position": 1}
    line = 1 + sum(text.count("\n") for text in list(games.values())[:2])
    assert f"games.pgn:{line}: 2.Ke3 is not legal (no such piece can go there)" in stored["problem_list"]
    assert any("1...Zf6 is not legal (not a move)" in problem for problem in stored["problem_list"])
    assert all("[Event" in document.text for document in dropped)


@pytest.mark.parametrize(
    ("date", "edtf", "problems"),
    [
        ("????.??.??", None, {}),
        ("18??.??.??", "18XX", {}),
        ("1858.02.30", None, {"date": 1}),
        ("soon", None, {"date": 1}),
    ],
)
def test_dates_are_not_guessed(tmp_path, date, edtf, problems):
    (document,), _, counts, _ = load(tmp_path, game(SCHOLAR, "1-0", date=date))
    assert document.about == (Span.parse(edtf) if edtf else Span())
    assert counts["undated"] == (edtf is None)
    assert counts["problems"] == problems
    assert "30 February" not in document.text
    assert "soon" not in document.text


def test_players_bound_and_filter(tmp_path):
    (tmp_path / "players.csv").write_text("name,born,died\nPaul Morphy,1837-06-22,1884-07-10\n", encoding="utf-8")
    games = [
        game(SCHOLAR, "1-0", date="????.??.??"),
        game("1. d4 d5", "*", date="1969.07.20"),
        game("1. c4", "*", date="1969.??.??"),
    ]
    games.append(game("1. f4", "*", date="????.??.??", white="Unknown, A"))
    kept, *_ = load(tmp_path, *games, players=tmp_path / "players.csv")
    assert kept[0].about.edtf() == "1837-06-22/1884-07-10"
    assert kept[1].about.edtf() == "1837-06-22/1969-07-20"  # Morphy did not play then: both statements are kept
    counts = filter_corpus(tmp_path / "out", out=tmp_path / "locked", cutoff="1969-07-20", by="about")
    assert counts["kept"] == 2
    assert counts["dropped_by"] == {"about straddles": 1, "about undated": 1}


def test_opening_names_of_the_time(tmp_path):
    moves = "1. d4 Nf6 2. c4 c5 3. d5 b5"
    old, new = load(tmp_path, game(moves), game(moves, date="1980.01.01"))[0]
    assert "Benko" not in old.text
    assert "Benko Gambit" in new.text


def many(number: int) -> list[str]:
    return [game(SCHOLAR, "1-0", white=f"Player{n % (number * 3 // 4)}, A", Round=str(n)) for n in range(number)]


def test_a_good_copy_of_a_bad_record_is_kept(tmp_path):
    bad = [
        game(SCHOLAR + " 0-1", "1-0"),
        game(SCHOLAR + " {never closed", "1-0"),
        game(SCHOLAR, "1-0", Variant="Atomic"),
    ]
    kept, dropped, *_ = load(tmp_path, *bad, game(SCHOLAR, "1-0"), game(SCHOLAR, "*"))
    assert [document.meta["place"] for document in kept] == [f"games.pgn:{1 + ''.join(bad).count(chr(10))}"]
    assert len(dropped) == 4


def test_same_bytes_for_any_workers_and_copies_across_shards(tmp_path, monkeypatch):
    monkeypatch.setattr(importing, "_SHARD_BYTES", 2_000)
    (tmp_path / "games").mkdir()
    for name, part in (("a.pgn", many(40)), ("b.pgn", many(60))):
        (tmp_path / "games" / name).write_text("".join(part), encoding="utf-8")
    found = []
    for workers in (1, 2):
        out = tmp_path / f"out{workers}"
        counts = import_chess([tmp_path / "games"], out=out, engine=Engine(workers=workers))
        assert counts["dropped_by"] == {"duplicate": 55}
        assert counts["documents"] == 45 + counts["rules"]
        found.append({p.relative_to(out): p.read_bytes() for p in sorted(out.rglob("*.parquet"))})
    assert found[0] == found[1]
    assert len(found[0]) > 10


def test_caps(tmp_path):
    games = many(40)
    kept, _, counts, _ = load(tmp_path, *games)
    sizes = {document.id: len(document.text) for document in kept}
    most = sum(sizes.values()) // 2
    some, rest, capped, _ = load(tmp_path, *games, max_chars=most)
    assert most - max(sizes.values()) < sum(len(document.text) for document in some) <= most
    assert [document.id for document in some] == [d.id for d in kept if d.id in {e.id for e in some}]  # in their order
    assert max(document.id for document in some) < min(d.id for d in rest if "[Event" not in d.text)
    assert capped["dropped_by"] == {
        "duplicate": counts["dropped_by"]["duplicate"],
        "over the cap": len(kept) - len(some),
    }
    assert len(some) + len(rest) == 40 == capped["games"]
    again, *_ = load(tmp_path, *reversed(games[:30]), max_chars=most)
    assert {document.id for document in again} == {document.id for document in some}


def test_cap_by_tokens(tmp_path, tokenizer):
    encoder = Encoder(tokenizer)

    def count(text: str) -> int:
        return len(encoder.encode([text])[0])

    games = many(40)
    kept, *_ = load(tmp_path, *games)
    most = sum(count(document.text) + 1 for document in kept) // 3
    some, *_ = load(tmp_path, *games, max_tokens=most, tokenizer=tokenizer)
    assert 0 < sum(count(document.text) + 1 for document in some) <= most
    with pytest.raises(UserError, match="--tokenizer"):
        load(tmp_path, *games, max_tokens=10)


def test_nothing_to_import(tmp_path):
    with pytest.raises(UserError, match="nothing to import"):
        load(tmp_path, game("1. e4 e6 2. Ke4", "1-0"), rules=True)
    assert not (tmp_path / "out").exists()


@pytest.mark.parametrize("seed", range(6))
def test_rubbish_stops_nothing(tmp_path, seed):
    """Files with bytes changed, put in and taken out: every game is told or left out, and what is told holds."""
    draw = random.Random(seed)
    pieces = [
        b"{",
        b"}",
        b"(",
        b")",
        b'"',
        b"[",
        b"\n\n",
        b"\x00",
        b"\xff",
        b"$9999",
        b";",
        b"%",
        b'[FEN "',
        b"e8=Q",
        b"0000",
    ]
    data = bytearray("".join(many(30)).encode())
    for _ in range(60):
        at = draw.randrange(len(data))
        if draw.random() < 0.5:
            data[at] = draw.randrange(256)
        else:
            data[at : at + draw.choice([0, 0, 9])] = draw.choice(pieces)
    (tmp_path / "games.pgn").write_bytes(bytes(data))
    counts = import_chess([tmp_path / "games.pgn"], out=tmp_path / "out", engine=Engine(workers=1), style="both")
    assert counts["games"] == counts["documents"] - counts["rules"] + counts["dropped"] > 10
    for document in read_documents(tmp_path / "out"):
        if "final" in document.meta:
            assert chess.Board(document.meta["final"]).is_valid()
