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
    """The openings of every position on the way of a line, the most telling last.

    A position between two names bears the one before it, so that a game that comes there by another order of moves has a name, too.
    """
    named = {opening.moves: opening for opening in openings()}
    found: dict[tuple[int, bytes], list[Opening]] = {}
    for line in sorted(named, key=len):
        position, latest = Position.begin(), None
        for number, text in enumerate(line, start=1):
            san = parse_san(text)
            assert san is not None, line
            position.play(san)
            latest = named.get(line[:number], latest)
            here = found.setdefault((position.turn, position.placement()), [])
            if latest is not None and latest not in here:
                here.append(latest)
    for here in found.values():
        here.sort(key=lambda opening: len(opening.moves))
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
