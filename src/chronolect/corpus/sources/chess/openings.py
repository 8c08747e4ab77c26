"""Names of openings, found by the position they lead to, and only where the name was in use when the game was played.

The table is ours (data/chess/openings.tsv). A name that is younger than a game would tell of later times ("Benko Gambit" of a game of 1921),
so the nearest older name of its line is taken instead.
"""

from dataclasses import dataclass
from functools import cache
from importlib.resources import files

from chronolect.corpus.sources.chess.board import Position, parse_san

DEEPEST = 26  # half-moves of the longest line in the table
FAMILIES = {
    "A": "a flank opening",
    "B": "a half-open game",
    "C": "an open game or a French Defence",
    "D": "a closed game",
    "E": "an Indian defence",
}


@dataclass(frozen=True, slots=True)
class Opening:
    """A named line: its ECO code, a year by which the name was in use, and its moves."""

    eco: str
    since: int
    name: str
    moves: tuple[str, ...]


@cache
def openings() -> tuple[Opening, ...]:
    """The table, in its order."""
    text = files("chronolect").joinpath("data/chess/openings.tsv").read_text(encoding="utf-8")
    rows = [line.split("\t") for line in text.splitlines() if not line.startswith("#")]
    return tuple(Opening(eco, int(since), name, tuple(moves.split())) for eco, since, name, moves in rows[1:])


@cache
def _by_position() -> dict[tuple[int, bytes], list[Opening]]:
    found: dict[tuple[int, bytes], list[Opening]] = {}
    for opening in openings():
        position = Position()
        for text in opening.moves:
            san = parse_san(text)
            assert san is not None, opening
            position.play(san)
        found.setdefault((position.turn, position.placement()), []).append(opening)
    return found


def name_opening(boards: list[bytes], year: int | None) -> Opening | None:
    """The opening of a game from the usual start, by its boards after each of the first half-moves.

    `year` is the last one the game may be from; names that were not yet in use are passed over. None: any name.
    """
    known = _by_position()
    for number in range(len(boards), 0, -1):
        for opening in reversed(known.get((number % 2, boards[number - 1]), ())):
            if year is None or opening.since <= year:
                return opening
    return None
