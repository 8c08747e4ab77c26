"""PGN as it comes: comments, variations, glyphs, escapes, encodings, broken games; against python-chess on the same text."""

import bz2
import gzip
import io
import random

import chess.pgn
import pytest
import zstandard

from chronolect.corpus.problems import Problem
from chronolect.corpus.sources.chess import pgn
from chronolect.corpus.sources.chess.pgn import RawGame, find_pgn, parse_game, read_games
from chronolect.errors import UserError

ANNOTATED = """[Event "Club \\"Roi\\" game"]
[Site "Paris"]
[Date "1858.??.??"]
[White "Morphy, Paul"]
[Black "?"]
[Result "1-0"]

{A game at the opera. [%clk 0:10:00]} 1. e4 $1 e5 2.Nf3 d6 (2... Nc6 3. Bb5 {the {Spanish game} (3. Bc4 Bc5)) 3.d4 Bg4?
% an escaped line 99. Qh9
4. dxe5 $13 Bxf3 ; the rest of the line is a comment 5. a3
5.Qxf3!? dxe5 6. Bc4 Nf6 7. Qb3! Qe7 +- 1-0
"""


def games_of(text: str | bytes, tmp_path, name="games.pgn"):
    path = tmp_path / name
    path.write_bytes(text.encode() if isinstance(text, str) else text)
    return list(read_games(path, name))


def test_annotations(tmp_path):
    (raw,) = games_of(ANNOTATED, tmp_path)
    game = parse_game(raw)
    assert game.tags["Event"] == 'Club "Roi" game'
    assert " ".join(game.moves) == "e4 e5 Nf3 d6 d4 Bg4 dxe5 Bxf3 Qxf3 dxe5 Bc4 Nf6 Qb3 Qe7"
    assert game.nags == {1: [1], 6: [2], 7: [13], 9: [5], 13: [1]}
    assert game.comments == {0: ["A game at the opera."], 8: ["the rest of the line is a comment 5. a3"]}
    assert game.results == ["1-0", "1-0"]
    assert not game.fault
    peer = chess.pgn.read_game(io.StringIO(ANNOTATED.split("\n\n")[1].replace("{the {Spanish game}", "")))
    assert peer is not None
    assert [node.san() for node in peer.mainline()] == game.moves


@pytest.mark.parametrize(
    ("movetext", "moves"),
    [
        ("1.e4 e5 2.Nf3", "e4 e5 Nf3"),
        ("1. e4 e5 2. Nf3 *", "e4 e5 Nf3"),
        ("1 e4 e5 2 Nf3", "e4 e5 Nf3"),
        ("e4 e5 Nf3 1/2-1/2", "e4 e5 Nf3"),
        ("1. e4 1... e5 2. Nf3", "e4 e5 Nf3"),
        ("1.e4 {x} 1...e5 2.Nf3", "e4 e5 Nf3"),
        ("1. e4 e5\n2. Nf3", "e4 e5 Nf3"),
        ("1.e4 c5 2.e5 d5 3.exd6e.p. +/-", "e4 c5 e5 d5 exd6"),
        ("1.e4 c5 2.e5 d5 3.exd6 e.p.", "e4 c5 e5 d5 exd6"),
        ("1. e4 (1. d4 (1. c4) {a) b}) e5", "e4 e5"),
        ("1. e4 $12 $140 e5", "e4 e5"),
        ("1. e4 -- 2. d4", "e4 -- d4"),
        ("1. O-O-O 0-0", "O-O-O 0-0"),
    ],
)
def test_moves(movetext, moves):
    game = parse_game(RawGame(1, movetext.encode(), 0))
    assert " ".join(game.moves) == moves


def test_faults():
    assert "comment" in parse_game(RawGame(1, b"1. e4 {never closed e5 2. Nf3", 0)).fault
    assert "variation" in parse_game(RawGame(1, b"1. e4 (1. d4 e5 2. Nf3", 0)).fault


def test_a_broken_game_costs_no_other(tmp_path):
    text = (
        '[Event "A"]\n[White "A"]\n\n1. e4 {never closed\n\n[Event "B"]\r\n[White "B"]\r\n\r\n1. d4 d5\r\n\r\n\r\n'
        '[Event "C"]\n\n[White "C"]\n1. c4\n[White "D"]\n[Black "E"]\n\n1. f4\n\n[Event "no moves"]\n\n[Event "F"]\n\n1. a3'
    )
    found = [(raw.line, parse_game(raw)) for raw in games_of(text, tmp_path)]
    assert [line for line, _ in found] == [1, 6, 12, 16, 21, 23]
    assert [game.tags.get("White") for _, game in found] == ["A", "B", "C", "D", None, None]
    assert [game.moves for _, game in found][1:] == [["d4", "d5"], ["c4"], ["f4"], [], ["a3"]]
    assert text.encode().splitlines()[20].startswith(b'[Event "no moves"')


def test_moves_without_tags(tmp_path):
    first, second = games_of('\ufeff1. e4 e5 *\n\n[Event "B"]\n\n1. d4 *\n', tmp_path)
    assert (parse_game(first).moves, parse_game(first).tags) == (["e4", "e5"], {})
    assert (second.line, parse_game(second).moves) == (3, ["d4"])


def test_encodings(tmp_path):
    for encoding in ("utf-8", "utf-8-sig", "latin-1"):
        (raw,) = games_of('[White "Réti, Richard"]\n\n1. Nf3 {für} *'.encode(encoding), tmp_path)
        game = parse_game(raw)
        assert (game.tags["White"], game.comments) == ("Réti, Richard", {1: ["für"]})


def test_compressed_and_in_chunks(tmp_path, monkeypatch):
    text = "".join(
        f'[Event "{n}"]\n[White "W{n}"]\n[Result "*"]\n\n1. e4 e5 2. Nf3 {{note {n}}} Nc6 *\n\n' for n in range(300)
    ).encode()
    whole = games_of(text, tmp_path)
    monkeypatch.setattr(pgn, "_READ_BYTES", 97)
    for name, data in {
        "a.pgn": text,
        "a.pgn.gz": gzip.compress(text),
        "a.pgn.bz2": bz2.compress(text),
        "a.pgn.zst": zstandard.compress(text),
    }.items():
        found = games_of(data, tmp_path, name)
        assert [(raw.line, raw.data.strip(), raw.moves_at) for raw in found] == [
            (raw.line, raw.data.strip(), raw.moves_at) for raw in whole
        ]
    assert len(whole) == 300


@pytest.mark.parametrize("keep", [0.1, 0.9])
def test_truncated(tmp_path, keep):
    draw = random.Random(1)
    text = "".join(f'[Event "{draw.random()}"]\n\n1. e4 *\n\n' for _ in range(90_000)).encode()
    data = bz2.compress(text)
    found = games_of(data[: int(len(data) * keep)], tmp_path, "a.pgn.bz2")
    assert isinstance(found[-1], Problem)
    assert "cannot be read further" in found[-1].what
    assert 90_000 * (keep - 0.5) < len(found) < 90_000 * keep  # what follows the last whole megabyte is lost


def test_what_is_no_game_does_not_fill_memory(tmp_path, monkeypatch):
    monkeypatch.setattr(pgn, "_READ_BYTES", 1000)
    monkeypatch.setattr(pgn, "_LONGEST_GAME", 10_000)
    text = '[Event "A"]\n\n1. e4 *\n\n[Event "B"]\n\n' + "x y z\n" * 10_000 + '\n[Event "C"]\n\n1. d4 *\n'
    first, problem, last = games_of(text, tmp_path)
    assert parse_game(first).moves == ["e4"]
    assert isinstance(problem, Problem)
    assert problem.where == "games.pgn:5"
    assert (parse_game(last).moves, last.line) == (["d4"], text.splitlines().index('[Event "C"]') + 1)


def test_find(tmp_path):
    (tmp_path / "sub").mkdir()
    for name in ("b.pgn", "sub/a.PGN.gz", "notes.txt"):
        (tmp_path / name).write_bytes(b"")
    assert [name for _, name in find_pgn([tmp_path])] == ["b.pgn", "sub/a.PGN.gz"]
    assert [name for _, name in find_pgn([tmp_path / "b.pgn"])] == ["b.pgn"]
    for wrong in (tmp_path / "notes.txt", tmp_path / "none"):
        with pytest.raises(UserError, match=wrong.name):
            find_pgn([wrong])
    (tmp_path / "empty").mkdir()
    with pytest.raises(UserError, match=r"no PGN"):
        find_pgn([tmp_path / "empty"])
