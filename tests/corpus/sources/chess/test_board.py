"""The board against python-chess: every legal move of many positions, and what is no legal move."""

import random

import chess
import pytest

from chronolect.corpus.sources.chess.board import IllegalMove, Position, parse_san

TRICKY = [
    "r3k2r/p1ppqpb1/bn2pnp1/3PN3/1p2P3/2N2Q1p/PPPBBPPP/R3K2R w KQkq - 0 1",  # castling, pins, promotions to come
    "8/2p5/3p4/KP5r/1R3p1k/8/4P1P1/8 w - - 0 1",  # en passant that would lay the king open
    "r3k2r/Pppp1ppp/1b3nbN/nP6/BBP1P3/q4N2/Pp1P2PP/R2Q1RK1 w kq - 0 1",
    "rnbq1k1r/pp1Pbppp/2p5/8/2B5/8/PPP1NnPP/RNBQK2R w KQ - 1 8",
    "4k3/8/8/2KPp2q/8/8/8/8 w - e6 0 1",  # both pawns leave the rank of the king
    "k7/8/8/8/8/8/6p1/R3K2R b KQ - 0 1",  # promotion by capture of a rook takes the right to castle
    "4k3/8/8/8/8/2N3N1/8/R3K2R w KQ - 0 1",  # two knights to one square
    "4k3/4r3/8/8/8/2N1N3/4K3/8 w - - 0 1",  # of two knights one is pinned: no disambiguation
]


def walk(board: chess.Board, draw: random.Random, plies: int) -> None:
    position = Position.begin(board.fen())
    for _ in range(plies):
        moves = list(board.legal_moves)
        if not moves:
            break
        # Now and then a capture by preference, so that en passant and promotions come up.
        move = draw.choice(
            [m for m in moves if board.is_capture(m) or m.promotion] or moves if draw.random() < 0.3 else moves
        )
        kind, captured = board.piece_type_at(move.from_square), board.piece_type_at(move.to_square)
        san = parse_san(board.san(move))
        assert san is not None
        castling = board.is_castling(move)
        if board.is_en_passant(move):
            captured = chess.PAWN
        ply = position.play(san)
        board.push(move)
        assert (ply.piece, ply.origin, ply.target) == (kind, move.from_square, move.to_square)
        assert ply.captured == (0 if castling else captured or 0)
        assert ply.promotion == (move.promotion or 0)
        assert bool(ply.castling) == castling
        assert ply.check == board.is_check() == position.check
        assert position.fen() == board.fen() == position.to_board().fen()


@pytest.mark.parametrize("fen", [chess.STARTING_FEN, *TRICKY])
def test_walks(fen):
    draw = random.Random(fen)
    for _ in range(5):
        walk(chess.Board(fen), draw, 80)


@pytest.mark.parametrize("fen", [chess.STARTING_FEN, *TRICKY])
def test_legal_and_illegal(fen):
    """Every move of one piece to one square, with and without its origin, is allowed where python-chess allows it."""
    board = chess.Board(fen)
    texts = {
        f"{letter}{origin}{target}{promotion}"
        for letter in ("", "N", "B", "R", "Q", "K")
        for origin in ("", "a", "e", "5", "1", "e5", "e2", "e1", "e8")
        for target in chess.SQUARE_NAMES
        for promotion in ("", "=Q", "=N")
    } | {"O-O", "O-O-O", "0-0"}
    texts -= {
        "e1a1",
        "e1h1",
        "e8a8",
        "e8h8",
    }  # the king "takes" its rook: notation of other rules, which python-chess reads
    allowed, start = 0, Position.begin(fen)
    before = (start.placement(), start.turn, start.castling, start.en_passant, start.check)
    for text in sorted(texts):
        san = parse_san(text)
        try:
            expected = board.parse_san(text)
        except ValueError:
            expected = None
        if san is None:
            assert expected is None, text
            continue
        position = start.copy()
        if expected is None:
            with pytest.raises(IllegalMove):
                position.play(san)
            after = (position.placement(), position.turn, position.castling, position.en_passant, position.check)
            assert after == before, text
        else:
            allowed += 1
            ply = position.play(san)
            assert (ply.origin, ply.target) == (expected.from_square, expected.to_square), text
    assert allowed


@pytest.mark.parametrize("text", ["", "e9", "Ze4", "--", "Z0", "P@e4", "e4e5e6", "O-O-O-O", "1-0", "x", "e8=K", "0-O"])
def test_no_move(text):
    assert parse_san(text) is None


def test_marks_say_nothing():
    assert parse_san("Nf3") == parse_san("Nf3+") == parse_san("Nf3#!?")
    assert parse_san("O-O-O") == parse_san("0-0-0+")


@pytest.mark.parametrize("fen", ["", "8/8/8/8/8/8/8/8 w - - 0 1", "no position", "4k3/8/8/8/8/8/8/4K2K w - - 0 1"])
def test_no_position(fen):
    if fen:
        with pytest.raises(ValueError):  # noqa: PT011 (the message is the library's)
            Position.begin(fen)


def test_a_copy_goes_its_own_way():
    first = Position.begin()
    second = first.copy()
    san = parse_san("e4")
    assert san is not None
    second.play(san)
    assert first.fen() == chess.STARTING_FEN != second.fen()
