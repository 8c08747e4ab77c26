"""Our opening table and rules of play, put to python-chess."""

import chess
import pytest

from chronolect.corpus.sources.chess.board import Position, parse_san
from chronolect.corpus.sources.chess.openings import DEEPEST, name_opening, openings
from chronolect.corpus.sources.chess.rules import load_rules, rules_of_play
from chronolect.timeline import Cutoff, Verdict


def boards(moves: str) -> list[bytes]:
    position, found = Position.begin(), []
    for text in moves.split():
        san = parse_san(text)
        assert san is not None
        position.play(san)
        found.append(position.placement())
    return found


def test_the_table_is_legal_and_in_order():
    table = openings()
    assert len(table) > 250
    for opening in table:
        board = chess.Board()
        for san in opening.moves:
            assert board.san(board.parse_san(san)) == san, opening  # as python-chess writes it
            board.push_san(san)
        assert len(opening.moves) <= DEEPEST
        assert 1850 <= opening.since <= 2000
        assert opening.eco[0] in "ABCDE"
        assert opening.eco[1:].isdigit()
    assert len({opening.moves for opening in table}) == len(table)
    codes = [opening.eco for opening in table]
    assert codes == sorted(codes)


@pytest.mark.parametrize(
    ("moves", "name"),
    [
        ("e4 e5 Nf3 Nc6 Bb5", "Ruy Lopez"),
        ("e4 e5 Nf3 Nc6 Bb5 a6 h3 h6", "Ruy Lopez, Morphy Defence"),
        ("Nf3 d5 d4 Nf6 c4 e6 Nc3 Be7 Bg5", "Queen's Gambit Declined, Orthodox Line"),  # by another order of moves
        ("c4 e6 Nc3 d5 d4", "Queen's Gambit Declined"),
        ("e4 e6 d4 d5 Nc3 Bb4", "French Defence, Winawer Variation"),
        ("h4", None),
    ],
)
def test_names(moves, name):
    found = name_opening(boards(moves), None)
    assert (found.name if found else None) == name


def test_no_name_before_its_time():
    benko = boards("d4 Nf6 c4 c5 d5 b5")
    names = [opening.name if (opening := name_opening(benko, year)) else None for year in (1851, 1921, 1950, 1975)]
    assert names == ["Queen's Pawn Game", "Indian Defence", "Benoni Defence", "Benko Gambit"]


@pytest.mark.parametrize("rule", load_rules(), ids=lambda rule: rule["id"])
def test_rules_are_so(rule):
    for example in rule["examples"]:
        board = chess.Board(example["fen"])
        assert board.is_valid(), example
        try:
            move = chess.Move.from_uci(example["move"])
        except ValueError:
            move = chess.Move.null()
        assert (move in board.legal_moves) == example["legal"], example
        if example["legal"]:
            assert board.san(move).rstrip("+#") == example.get("san", board.san(move).rstrip("+#"))
            board.push(move)
            assert board.is_checkmate() == example.get("mate", False), example
            assert board.is_stalemate() == example.get("stalemate", False), example
            assert board.is_insufficient_material() or "insufficient" not in example, example


def test_rules_as_documents():
    found = rules_of_play()
    assert len({document.id for document in found}) == len(found) >= 15
    assert all(Cutoff.parse("1969-07-20").judge(document.about) is Verdict.BEFORE for document in found)
    assert all(Cutoff.parse("1969-07-20").judge(document.written) is Verdict.STRADDLES for document in found)
    assert all(len(document.text) > 300 for document in found)
    squares = chess.SquareSet(chess.BB_KNIGHT_ATTACKS[chess.A1]), chess.SquareSet(chess.BB_KNIGHT_ATTACKS[chess.E4])
    assert tuple(map(len, squares)) == (2, 8)  # as the text on the knight says
