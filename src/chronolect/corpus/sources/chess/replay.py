"""A game played over on the board: what every half-move did, and how it stood at the end."""

from dataclasses import dataclass

import chess

from chronolect.corpus.sources.chess.board import WHITE, IllegalMove, Ply, Position, parse_san
from chronolect.corpus.sources.chess.openings import DEEPEST
from chronolect.corpus.sources.chess.pgn import Game

VALUES = (0, 1, 3, 3, 5, 9, 0)  # by type of piece: the usual count, in pawns
_ENDGAME_PIECES = 6  # with at most so many pieces besides kings and pawns on both sides together, it is an endgame


class BadGame(ValueError):
    """A game that cannot be played over: what is wrong, and the kind of problem it is."""

    def __init__(self, kind: str, what: str) -> None:
        super().__init__(what)
        self.kind = kind


@dataclass(slots=True)
class Replay:
    """A game played over.

    `material[i]` are the pieces of (white, black) after `i` half-moves, each by type; `boards` the first positions; `endgame` the number of
    half-moves after which the endgame began, or -1; `end` how the final position ended the game by rule ("checkmate", "stalemate",
    "insufficient material", "repetition") or "".
    """

    plies: list[Ply]
    sans: list[str]
    position: Position
    first_turn: int
    first_number: int
    boards: list[bytes]
    endgame: int
    end: str
    result: str

    @property
    def usual_start(self) -> bool:
        """Whether it began from the start of the game."""
        return bool(self.boards)

    def number(self, ply: int) -> int:
        """The move number of a half-move (counted from 0)."""
        return self.first_number + (ply + self.first_turn) // 2

    def side(self, ply: int) -> int:
        """Who made a half-move."""
        return (ply + self.first_turn) % 2


def replay(game: Game) -> Replay:
    """Play a game over; `BadGame` at the first thing that is not so."""
    if game.fault:
        raise BadGame("unreadable", game.fault)
    fen = game.tags.get("FEN") if game.tags.get("SetUp") != "0" else None
    try:
        position = Position.begin(fen)
    except ValueError as error:
        raise BadGame("position", f'the position it starts from cannot be ("{fen}": {error})') from None
    first_turn, first_number = position.turn, position.number
    plies: list[Ply] = []
    boards: list[bytes] = []
    places = [(position.placement(), position.castling, position.en_passant)]
    occupied, pieces = position.occupied, position.pieces
    endgame = -1
    drawn = "1/2-1/2" in game.results
    for text in game.moves:
        san = parse_san(text)
        try:
            if san is None:
                raise IllegalMove("not a move")
            ply = position.play(san)
        except IllegalMove as error:
            number = first_number + (len(plies) + first_turn) // 2
            dots = "." if (len(plies) + first_turn) % 2 == WHITE else "..."
            raise BadGame("illegal move", f"{number}{dots}{text[:20]} is not legal ({error})") from None
        plies.append(ply)
        if fen is None and len(boards) < DEEPEST:
            boards.append(position.placement())
        if drawn:
            places.append((position.placement(), position.castling, position.en_passant))
        if endgame < 0 and (ply.captured or ply.promotion or len(plies) == 1):
            others = occupied[0] | occupied[1]
            for side in pieces:
                others &= ~(side[1] | side[6])
            if others.bit_count() <= _ENDGAME_PIECES:
                endgame = len(plies)
    end = _end(position, len(plies))
    if not end and drawn and places[-1::-2].count(places[-1]) >= 3:
        end = "repetition"
    return Replay(
        plies=plies,
        sans=[
            _canonical(text, ply, end == "checkmate" and index == len(plies) - 1)
            for index, (text, ply) in enumerate(zip(game.moves, plies, strict=True))
        ],
        position=position,
        first_turn=first_turn,
        first_number=first_number,
        boards=boards,
        endgame=endgame,
        end=end,
        result=_result(game, end, position),
    )


def _end(position: Position, plies: int) -> str:
    board = position.to_board()
    if position.check:
        return "checkmate" if not any(board.generate_legal_moves()) else ""
    if not any(board.generate_legal_moves()):
        return "stalemate"
    return "insufficient material" if board.is_insufficient_material() else ""


def _canonical(text: str, ply: Ply, mate: bool) -> str:
    mark = "#" if mate else "+" if ply.check else ""
    return text.rstrip("+#!?").replace("0", "O") + mark if ply.castling else text.rstrip("+#!?") + mark


def _result(game: Game, end: str, position: Position) -> str:
    """The result that the tag, the end of the moves and the board agree on; `BadGame` where they do not."""
    stated = {result for result in game.results if result != "*"}
    if len(stated) > 1:
        raise BadGame("result", f"it is said to have ended {' and '.join(sorted(stated))}")
    result = next(iter(stated), "*")
    forced = {"checkmate": "0-1" if position.turn == WHITE else "1-0", "stalemate": "1/2-1/2"}.get(end, result)
    if result not in ("*", forced):
        raise BadGame("result", f"said to have ended {result}, but the final position is {end}")
    return forced


def material(position: Position, side: int) -> list[int]:
    """Number of pieces of a side by type (0 = unused, 1 = pawns ... 6 = kings)."""
    return [mask.bit_count() for mask in position.pieces[side]]


def square(number: int) -> str:
    """The name of a square."""
    return chess.SQUARE_NAMES[number]
