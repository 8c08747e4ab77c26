"""A chess position that plays moves written in standard algebraic notation, and tells what each of them did.

The rules are those of `chess.Board`, whose attack tables it uses; it keeps no history and makes no lists of legal moves: a move is found
from the square it goes to, and its own king is looked at only where it could be laid open. The tests compare every move with `chess.Board`.
"""

import re
from functools import cache, lru_cache
from typing import NamedTuple, Self

import chess
from chess import BISHOP, KING, KNIGHT, PAWN, QUEEN, ROOK

WHITE, BLACK = 0, 1
KINGSIDE, QUEENSIDE = 1, 2

_SAN = re.compile(r"([NBRQK])?([a-h])?([1-8])?[-x]?([a-h][1-8])(?:=?([nbrqNBRQ]))?[+#]{0,2}[!?]{0,2}")
_CASTLING = re.compile(r"([O0])-\1(-\1)?[+#]{0,2}[!?]{0,2}")
_TYPES = {"N": KNIGHT, "B": BISHOP, "R": ROOK, "Q": QUEEN, "K": KING}

_DIAGONALS, _DIAGONAL_MASKS = chess.BB_DIAG_ATTACKS, chess.BB_DIAG_MASKS
_RANKS, _RANK_MASKS = chess.BB_RANK_ATTACKS, chess.BB_RANK_MASKS
_FILES, _FILE_MASKS = chess.BB_FILE_ATTACKS, chess.BB_FILE_MASKS
_KNIGHTS, _KINGS, _RAYS, _BIT = chess.BB_KNIGHT_ATTACKS, chess.BB_KING_ATTACKS, chess.BB_RAYS, chess.BB_SQUARES
# The squares from which a pawn of a colour attacks a square.
_PAWNS_ONTO = (chess.BB_PAWN_ATTACKS[chess.BLACK], chess.BB_PAWN_ATTACKS[chess.WHITE])
_LAST_RANKS = chess.BB_RANK_1 | chess.BB_RANK_8
_LETTERS = ".PNBRQK"
_EMPTY = re.compile(r"\.+")
_COLOURS = (chess.WHITE, chess.BLACK)


class San(NamedTuple):
    """A move as written: type of piece (0 where it only says from which square to which), where it may come from
    (bitboard), where it goes, promotion, castling.
    """

    piece: int
    origin: int
    target: int
    promotion: int
    castling: int


class Ply(NamedTuple):
    """What a half-move did. `captured` and `promotion` are types of piece or 0, `castling` a side or 0."""

    piece: int
    origin: int
    target: int
    captured: int
    promotion: int
    castling: int
    en_passant: bool
    check: bool


class IllegalMove(ValueError):
    """A move that the rules do not allow, or that could be more than one."""


@lru_cache(maxsize=1 << 16)
def parse_san(text: str) -> San | None:
    """Read a move; `None` if it is none. Check marks and glyphs say nothing here: the board knows."""
    if found := _SAN.fullmatch(text):
        letter, file, rank, square, promotion = found.groups()
        target = chess.parse_square(square)
        origin = chess.BB_ALL
        if file:
            origin &= chess.BB_FILES["abcdefgh".index(file)]
        elif not letter:
            origin &= chess.BB_FILES[target & 7]  # a pawn move without a file goes straight on
        if rank:
            origin &= chess.BB_RANKS[int(rank) - 1]
        kind = _TYPES[letter] if letter else 0 if file and rank else PAWN
        return San(kind, origin, target, _TYPES[promotion.upper()] if promotion else 0, 0)
    if found := _CASTLING.fullmatch(text):
        return San(KING, 0, 0, 0, QUEENSIDE if found[2] else KINGSIDE)
    return None


class Position:
    """Pieces on squares (0 = a1 ... 63 = h8), whose turn it is, and what castling and en passant need to know."""

    __slots__ = ("board", "castling", "check", "clock", "en_passant", "kings", "number", "occupied", "pieces", "turn")

    def __init__(self, start: chess.Board) -> None:
        types = range(PAWN, KING + 1)
        self.pieces = [[0] + [start.pieces_mask(kind, colour) for kind in types] for colour in _COLOURS]
        self.occupied = [start.occupied_co[colour] for colour in _COLOURS]
        self.board = bytearray(start.piece_type_at(square) or 0 for square in chess.SQUARES)
        self.kings = [self.pieces[colour][KING].bit_length() - 1 for colour in (WHITE, BLACK)]
        self.turn = WHITE if start.turn else BLACK
        self.castling = start.castling_rights
        self.en_passant = start.ep_square if start.ep_square is not None else -1
        self.clock, self.number = start.halfmove_clock, start.fullmove_number
        self.check = start.is_check()

    @classmethod
    def begin(cls, fen: str | None = None) -> Self:
        """The start of a game, or a position in Forsyth-Edwards notation; `ValueError` if it is no possible one."""
        if fen is None:
            return cls._usual().copy()
        start = chess.Board(fen)
        if not start.is_valid():
            raise ValueError("not a possible position")
        return cls(start)

    @classmethod
    @cache
    def _usual(cls) -> Self:
        return cls(chess.Board())

    def copy(self) -> Self:
        """The same position, to be played on by itself."""
        found = type(self).__new__(type(self))
        found.pieces = [pieces.copy() for pieces in self.pieces]
        found.occupied, found.board, found.kings = self.occupied.copy(), self.board.copy(), self.kings.copy()
        found.turn, found.castling, found.en_passant = self.turn, self.castling, self.en_passant
        found.clock, found.number, found.check = self.clock, self.number, self.check
        return found

    def play(self, san: San) -> Ply:
        """Make a move; `IllegalMove` leaves the position as it was."""
        if san.castling:
            return self._castle(san.castling)
        piece, origin, target, promotion, _ = san
        us = self.turn
        them = 1 - us
        own, theirs = self.occupied[us], self.occupied[them]
        if not piece:
            start = origin.bit_length() - 1
            piece = self.board[start] if own & origin else PAWN
            if piece == KING and start in (4, 60) and abs(target - start) == 2 and not promotion:
                return self._castle(KINGSIDE if target > start else QUEENSIDE)
        occupied = own | theirs
        bit = _BIT[target]
        pieces = self.pieces[us]
        if own & bit:
            raise IllegalMove("its own piece stands there")
        en_passant = False
        if piece == PAWN:
            pawns = pieces[PAWN]
            if theirs & bit or target == self.en_passant:
                found = _PAWNS_ONTO[us][target] & pawns & origin
                en_passant = not theirs & bit
            else:
                found = 0
            if not occupied & bit:
                step = -8 if us == WHITE else 8
                before = target + step
                if 0 <= before < 64:
                    if pawns & _BIT[before]:
                        found |= _BIT[before] & origin
                    elif target >> 3 == (3 if us == WHITE else 4) and not occupied & _BIT[before]:
                        found |= pawns & _BIT[before + step] & origin
            if bool(bit & _LAST_RANKS) != bool(promotion):
                raise IllegalMove(
                    "it does not say what the pawn becomes" if bit & _LAST_RANKS else "no pawn promotes there"
                )
        elif promotion:
            raise IllegalMove("only pawns are promoted")
        elif piece == KNIGHT:
            found = _KNIGHTS[target] & pieces[KNIGHT] & origin
        elif piece == KING:
            found = _KINGS[target] & pieces[KING] & origin
        else:
            found = 0
            if piece != ROOK:
                found = _DIAGONALS[target][_DIAGONAL_MASKS[target] & occupied]
            if piece != BISHOP:
                found |= _RANKS[target][_RANK_MASKS[target] & occupied] | _FILES[target][_FILE_MASKS[target] & occupied]
            found &= pieces[piece] & origin
        if not found:
            raise IllegalMove("no such piece can go there")
        taken_at = target + (-8 if us == WHITE else 8) if en_passant and found & _PAWNS_ONTO[us][target] else target
        en_passant = taken_at != target
        start = -1
        while found:
            candidate = found.bit_length() - 1
            found ^= _BIT[candidate]
            if self._leaves_king_safe(piece, candidate, target, taken_at):
                if start >= 0:
                    raise IllegalMove("more than one piece can go there")
                start = candidate
        if start < 0:
            raise IllegalMove("its king would stand in check")
        return self._move(piece, start, target, taken_at, promotion, en_passant)

    def _move(self, piece: int, start: int, target: int, taken_at: int, promotion: int, en_passant: bool) -> Ply:
        us = self.turn
        them = 1 - us
        board, bit, own = self.board, _BIT[target], self.pieces[us]
        captured = board[taken_at]
        if captured:
            taken = _BIT[taken_at]
            self.pieces[them][captured] ^= taken
            self.occupied[them] ^= taken
            board[taken_at] = 0
        arrived = promotion or piece
        own[piece] ^= _BIT[start]
        own[arrived] ^= bit
        self.occupied[us] ^= _BIT[start] | bit
        board[start], board[target] = 0, arrived
        if piece == KING:
            self.kings[us] = target
        if self.castling:
            self.castling &= ~(bit | _BIT[start])
            if piece == KING:
                self.castling &= ~(chess.BB_RANK_1 if us == WHITE else chess.BB_RANK_8)
        self.en_passant = (start + target) >> 1 if piece == PAWN and abs(start - target) == 16 else -1
        self._next_turn(reset=piece == PAWN or captured != 0)
        # A check comes from the piece that moved, or along a line that it (or a pawn taken in passing) has left.
        king = self.kings[them]
        if en_passant or promotion or _RAYS[king][start]:
            self.check = self._attacked(king, us)
        elif arrived == PAWN:
            self.check = bool(_PAWNS_ONTO[us][king] & bit)
        elif arrived == KNIGHT:
            self.check = bool(_KNIGHTS[king] & bit)
        elif arrived == KING:
            self.check = False
        else:
            self.check = bool(_RAYS[king][target]) and self._attacked(king, us)
        return Ply(piece, start, target, captured, promotion, 0, en_passant, self.check)

    def _next_turn(self, *, reset: bool) -> None:
        self.clock = 0 if reset else self.clock + 1
        self.number += self.turn
        self.turn = 1 - self.turn

    def _castle(self, side: int) -> Ply:
        us = self.turn
        home = 4 if us == WHITE else 60
        rook, over, target = (home + 3, home + 1, home + 2) if side == KINGSIDE else (home - 4, home - 1, home - 2)
        if not self.castling & _BIT[rook]:
            raise IllegalMove("the king or the rook has moved, or is not there")
        occupied = self.occupied[WHITE] | self.occupied[BLACK]
        if chess.between(home, rook) & occupied:
            raise IllegalMove("a piece stands between king and rook")
        if any(self._attacked(square, 1 - us) for square in (home, over, target)):
            raise IllegalMove("the king would castle out of, through or into check")
        for kind, start, end in ((KING, home, target), (ROOK, rook, over)):
            both = _BIT[start] | _BIT[end]
            self.pieces[us][kind] ^= both
            self.occupied[us] ^= both
            self.board[start], self.board[end] = 0, kind
        self.kings[us] = target
        self.castling &= ~(chess.BB_RANK_1 if us == WHITE else chess.BB_RANK_8)
        self.en_passant = -1
        self._next_turn(reset=False)
        self.check = self._attacked(self.kings[1 - us], us)
        return Ply(KING, home, target, 0, 0, side, False, self.check)

    def _attacked(self, square: int, by: int) -> bool:
        return self._reaches(square, by, self.occupied[WHITE] | self.occupied[BLACK], chess.BB_ALL)

    def _reaches(self, square: int, by: int, occupied: int, standing: int) -> bool:
        """Whether a piece of `by` that is still `standing` attacks a square on a board that is `occupied` so."""
        _, pawns, knights, bishops, rooks, queens, kings = self.pieces[by]
        return bool(
            standing
            & (
                (_DIAGONALS[square][_DIAGONAL_MASKS[square] & occupied] & (bishops | queens))
                | (_RANKS[square][_RANK_MASKS[square] & occupied] & (rooks | queens))
                | (_FILES[square][_FILE_MASKS[square] & occupied] & (rooks | queens))
                | (_KNIGHTS[square] & knights)
                | (_PAWNS_ONTO[by][square] & pawns)
                | (_KINGS[square] & kings)
            )
        )

    def _leaves_king_safe(self, piece: int, start: int, target: int, taken_at: int) -> bool:
        us = self.turn
        king = self.kings[us]
        if piece == KING:
            king = target
        elif not self.check and taken_at == target and not _RAYS[king][start]:
            return True  # not in check, and no line to the king is opened
        occupied = (self.occupied[WHITE] | self.occupied[BLACK]) & ~(_BIT[start] | _BIT[taken_at]) | _BIT[target]
        return not self._reaches(king, 1 - us, occupied, ~_BIT[taken_at])

    def placement(self) -> bytes:
        """Which pieces stand where, for comparing positions (72 bytes)."""
        return bytes(self.board) + self.occupied[WHITE].to_bytes(8, "big")

    def fen(self) -> str:
        """The position in Forsyth-Edwards notation."""
        letters = "".join(
            _LETTERS[kind] if self.occupied[WHITE] & _BIT[square] else _LETTERS[kind].lower()
            for square, kind in enumerate(self.board)
        )
        rows = "/".join(letters[start : start + 8] for start in range(56, -1, -8))
        rows = _EMPTY.sub(lambda run: str(len(run.group())), rows)
        board = self.to_board()
        passing = chess.SQUARE_NAMES[self.en_passant] if board.has_legal_en_passant() else "-"
        return f"{rows} {'wb'[self.turn]} {board.castling_xfen()} {passing} {self.clock} {self.number}"

    def to_board(self) -> chess.Board:
        """The same position as a `chess.Board`."""
        found = chess.Board.empty()
        white, black = self.pieces
        _, found.pawns, found.knights, found.bishops, found.rooks, found.queens, found.kings = (
            ours | theirs for ours, theirs in zip(white, black, strict=True)
        )
        found.occupied_co[chess.WHITE], found.occupied_co[chess.BLACK] = self.occupied
        found.occupied = self.occupied[WHITE] | self.occupied[BLACK]
        found.turn = self.turn == WHITE
        found.castling_rights = self.castling
        found.ep_square = self.en_passant if self.en_passant >= 0 else None
        found.halfmove_clock, found.fullmove_number = self.clock, self.number
        return found
