"""Historic games: every move, check, capture and final position as python-chess has them, on the games as they are and on spoilt ones."""

import io
import os
import random
import re
from collections import Counter
from pathlib import Path

import chess
import chess.pgn
import pytest

from chronolect.corpus import read_documents
from chronolect.corpus.engine import Engine
from chronolect.corpus.filter import filter_corpus
from chronolect.corpus.sources.chess import import_chess
from chronolect.corpus.sources.chess.pgn import RawGame, find_pgn, parse_game, read_games
from chronolect.corpus.sources.chess.replay import BadGame, material, replay

DATA = Path(os.environ.get("CHRONOLECT_REFERENCE_DATA", Path(__file__).parents[3] / "shared" / "data")) / "pgn-historic"
pytestmark = pytest.mark.skipif(not DATA.is_dir(), reason=f"the games are not there ({DATA})")


@pytest.fixture(scope="module")
def raw_games():
    games = [raw for file, name in find_pgn([DATA]) for raw in read_games(file, name)]
    assert len(games) == sum(file.read_text().count("[Event ") for file in DATA.glob("*.pgn")) == 617
    return games


@pytest.fixture(scope="module")
def corpus(tmp_path_factory):
    out = tmp_path_factory.mktemp("chess") / "corpus"
    counts = import_chess([DATA], out=out, moves="all", engine=Engine(workers=1))
    assert counts["games"] == 617
    assert counts["problems"] == {}
    assert counts["documents"] - counts["rules"] + counts["dropped"] == 617
    return out


def peer_of(raw: RawGame) -> chess.pgn.Game:
    game = chess.pgn.read_game(io.StringIO(raw.data.decode("latin-1").replace("\r\n", "\n")))
    assert game is not None
    return game


def test_every_move(raw_games):
    for raw in raw_games:
        game, peer = parse_game(raw), peer_of(raw)
        assert game.tags == {name: value.strip() for name, value in peer.headers.items()}
        played, board = replay(game), peer.board()
        nodes = list(peer.mainline())
        assert len(nodes) == len(played.plies)
        for node, ply, san in zip(nodes, played.plies, played.sans, strict=True):
            move = node.move
            castling = board.is_castling(move)
            assert (ply.origin, ply.target, ply.promotion) == (move.from_square, move.to_square, move.promotion or 0)
            assert bool(ply.captured) == board.is_capture(move)
            assert (bool(ply.castling), ply.en_passant) == (castling, board.is_en_passant(move))
            assert san == board.san(move)
            board.push(move)
            assert ply.check == board.is_check()
        assert played.position.fen() == board.fen()
        assert played.result == peer.headers["Result"]
        assert played.end == (
            "checkmate" if board.is_checkmate()
            else "stalemate" if board.is_stalemate()
            else "insufficient material" if board.is_insufficient_material()
            else "repetition" if played.result == "1/2-1/2" and board.is_repetition(3)
            else ""
        )  # fmt: skip


def spoil(data: bytes, draw: random.Random) -> RawGame:
    """Change a few characters of the moves: other files, ranks, pieces, castling."""
    head, _, moves = data.replace(b"\r\n", b"\n").partition(b"\n\n")
    text = list(moves.decode())
    for _ in range(draw.randint(1, 3)):
        at = draw.randrange(len(text))
        if text[at] in "abcdefgh":
            text[at] = draw.choice("abcdefgh")
        elif text[at] in "NBRQK":
            text[at] = draw.choice("NBRQK")
        elif text[at] in "x+":
            text[at] = ""
        elif text[at] in "12345678" and at and text[at - 1] in "abcdefgh":
            text[at] = draw.choice("12345678")
    return RawGame(1, head + b"\n\n" + "".join(text).encode(), len(head) + 2)


def test_spoilt_games(raw_games):
    """A game is refused where python-chess finds a mistake in it, and ends in the same position where it finds none."""
    draw = random.Random(1)
    seen: Counter[str] = Counter()
    for raw in raw_games:
        spoilt = spoil(raw.data, draw)
        peer = peer_of(spoilt)
        end = peer.end().board()
        fault = None
        try:
            played = replay(parse_game(spoilt))
        except BadGame as error:
            fault = error
        if fault is None:
            assert not peer.errors
            assert played.position.fen() == end.fen()
        elif fault.kind == "illegal move":
            assert peer.errors, (str(fault), spoilt.data)
            assert str(fault).startswith(f"{end.fullmove_number}{'.' if end.turn else '...'}")
        seen[fault.kind if fault else "whole"] += 1
    assert seen["whole"] > 100
    assert seen["illegal move"] > 100


def deed(board: chess.Board, move: chess.Move) -> str:
    """A move in the words of the import, from python-chess alone."""
    if board.is_castling(move):
        text = f"castles on the {'king' if board.is_kingside_castling(move) else 'queen'}'s side"
    else:
        name = chess.piece_name(board.piece_type_at(move.from_square) or 0)
        taken = chess.PAWN if board.is_en_passant(move) else board.piece_type_at(move.to_square)
        text = f"{name} takes {chess.piece_name(taken)} on " if taken else f"{name} to "
        text += chess.square_name(move.to_square) + (" in passing" if board.is_en_passant(move) else "")
    if move.promotion:
        text += f", becoming a {chess.piece_name(move.promotion)}"
    return text + (", check" if board.gives_check(move) else "")


def test_prose_is_true(corpus, raw_games):
    """All moves told, in order, as python-chess plays them; the material at the end counted."""
    by_place = {f"{name}:{raw.line}": raw for file, name in find_pgn([DATA]) for raw in read_games(file, name)}
    told = 0
    for document in read_documents(corpus):
        if document.meta.get("rules"):
            continue
        board = chess.Board()
        body, _, ending = document.text.partition("The last of ")
        at = body.index("\n\n")
        for move in peer_of(by_place[document.meta["place"]]).mainline_moves():
            words = deed(board, move)
            found = body.find(words, at)
            assert 0 <= found - at < 60, (words, body[at : at + 80])
            at = found + len(words)
            board.push(move)
            told += 1
        assert ending.partition(": ")[2].startswith(words)
        points = [
            sum(len(board.pieces(kind, colour)) * value for kind, value in ((1, 1), (2, 3), (3, 3), (4, 5), (5, 9)))
            for colour in chess.COLORS
        ]
        ahead = abs(points[0] - points[1])
        assert ("were equal in material" in ending) == (ahead == 0)
        assert document.meta["final"] == board.fen()
    assert told > 40_000


def test_told_events_are_true(tmp_path):
    """What the short prose says of a numbered move: who took what with what and where, checks, exchanges."""
    by_place = {f"{name}:{raw.line}": raw for file, name in find_pgn([DATA]) for raw in read_games(file, name)}
    import_chess([DATA], out=tmp_path / "corpus", rules=False, engine=Engine(workers=1))
    seen: Counter[str] = Counter()
    for document in read_documents(tmp_path / "corpus"):
        board, events = chess.Board(), set()
        for move in peer_of(by_place[document.meta["place"]]).mainline_moves():
            number, at = board.fullmove_number, chess.square_name(move.to_square)
            piece = chess.piece_name(board.piece_type_at(move.from_square) or 0)
            taken = chess.PAWN if board.is_en_passant(move) else board.piece_type_at(move.to_square)
            if taken and not board.is_castling(move):
                events.add((number, piece, chess.piece_name(taken), at))
            if board.gives_check(move):
                events.add((number, "check", at))
            board.push(move)
        for sentence in re.findall(r"(?:On move|At move|Move) \d+:? [^.]*", document.text.partition("The last of")[0]):
            number = int(re.search(r"\d+", sentence)[0])  # type: ignore[index]
            for taken, at, piece in re.findall(r"took the (\w+) on (\w\d) with the (\w+)", sentence):
                assert (number, piece, taken, at) in events, sentence
                seen["took"] += 1
            for piece, taken, at in re.findall(r"'s (\w+) (?:took the|captured a) (\w+) on (\w\d)", sentence):
                assert (number, piece, taken, at) in events, sentence
                seen["took"] += 1
            for piece, at in re.findall(r"(\w+)s were exchanged on (\w\d)", sentence):
                assert (number, piece, piece, at) in events, sentence
                seen["exchanged"] += 1
            for at in re.findall(r"(?:played|moved) the \w+ to (\w\d)(?: with check|, giving check)", sentence):
                assert (number, "check", at) in events, sentence
                seen["check"] += 1
    assert min(seen.values()) > 500, seen


def test_locked(corpus, tmp_path):
    counts = filter_corpus(corpus, out=tmp_path / "locked", cutoff="1914-06-30", by="about")
    years = [
        int(document.meta["date"][:4]) for document in read_documents(tmp_path / "locked") if "date" in document.meta
    ]
    assert max(years) <= 1914
    assert counts["dropped_by"]["about straddles"] > 0  # games of 1914 without a day
    assert all(document.meta["date"].startswith("1886") for document in read_documents(tmp_path / "locked")
               if document.meta.get("event", "").startswith("World Championship 1st"))  # fmt: skip


def test_material_is_told(raw_games):
    played = replay(parse_game(raw_games[0]))
    board = played.position.to_board()
    for side, colour in ((0, chess.WHITE), (1, chess.BLACK)):
        assert material(played.position, side)[1:] == [len(board.pieces(kind, colour)) for kind in range(1, 7)]
