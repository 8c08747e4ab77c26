"""A game in words. Every statement is read off the board or the tags, so it is as true as they are.

Wordings vary from game to game by a number made from the game itself, never by chance.
"""

import textwrap
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import pairwise
from typing import Literal

from chess import PAWN, PIECE_NAMES, QUEEN

from chronolect.corpus.sources.chess.board import BLACK, KINGSIDE, WHITE, Ply
from chronolect.corpus.sources.chess.dates import plain_name, when_in_words
from chronolect.corpus.sources.chess.openings import FAMILIES, Opening
from chronolect.corpus.sources.chess.pgn import Game
from chronolect.corpus.sources.chess.places import event_name, place_name, round_name
from chronolect.corpus.sources.chess.replay import VALUES, Replay, material, square

Style = Literal["prose", "summary", "both"]
Moves = Literal["key", "all"]

OPENING_PLIES = 12  # the first six moves of each side are told one by one
_COLOURS = ("White", "Black")
_NAGS = {
    1: "a good move",
    2: "a mistake",
    3: "an excellent move",
    4: "a blunder",
    5: "an interesting move",
    6: "a doubtful move",
    7: "the only move",
}
_NUMBERS = ("no", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten")
_TERMINATIONS = {
    "time": "on time",
    "adjudication": "by adjudication",
    "abandoned": "because the game was abandoned",
    "rules": "because of a breach of the rules",
    "forfeit": "by forfeit",
}


@dataclass(frozen=True, slots=True)
class Telling:
    """How a game is told: the style, which moves the prose tells, whether the comments of the file are quoted."""

    style: Style = "prose"
    moves: Moves = "key"
    comments: bool = False


def title(tags: dict[str, str]) -> str:
    """Such as "Johannes Zukertort against William Steinitz, New York 1886"."""
    white, black = (_player(tags, colour) for colour in _COLOURS)
    where = event_name(tags.get("Event", "")) or place_name(tags.get("Site", ""))
    year = tags.get("Date", "")[:4]
    when = year if year.isdigit() and year != "0000" and year not in where else ""
    return f"{white} against {black}" + (f", {where}" if where else "") + (f" ({when})" if when else "")


def tell(game: Game, played: Replay, opening: Opening | None, telling: Telling, variety: int) -> str:
    """The text of a game."""
    if telling.style == "summary":
        return _summary(game, played, opening)
    prose = _Prose(game, played, opening, telling, variety).text()
    return prose if telling.style == "prose" else f"{prose}\n\n{_score(played)}"


def _player(tags: dict[str, str], colour: str) -> str:
    return plain_name(tags.get(colour, "")) or "an unknown player"


def _count(number: int, noun: str) -> str:
    return f"{_NUMBERS[number] if number < len(_NUMBERS) else number} {noun}{'' if number == 1 else 's'}"


def _join(words: list[str]) -> str:
    return words[0] if len(words) == 1 else f"{', '.join(words[:-1])} and {words[-1]}"


def _circumstances(tags: dict[str, str]) -> str:
    """The event, round, place and date, as far as they are known."""
    event, place, round_ = (
        event_name(tags.get("Event", "")),
        place_name(tags.get("Site", "")),
        round_name(tags.get("Round", "")),
    )
    return " ".join(
        part
        for part in (
            f"in {round_}" if round_ else "",
            ("of " if round_ and event.startswith("the ") else "at ") + event if event else "",
            f"in {place}" if place and place not in event else "",
            when_in_words(tags.get("Date", "")),
        )
        if part
    )


def _force(pieces: list[int]) -> str:
    """The pieces of a side in words, without the king."""
    found = [_count(pieces[kind], PIECE_NAMES[kind] or "") for kind in range(QUEEN, 0, -1) if pieces[kind]]
    return _join(found) if found else "nothing but the king"


def _deed(ply: Ply) -> str:
    """A half-move in words without its subject: "bishop takes knight on c6, check"."""
    if ply.castling:
        text = "castles on the king's side" if ply.castling == KINGSIDE else "castles on the queen's side"
    elif ply.captured:
        text = f"{PIECE_NAMES[ply.piece]} takes {PIECE_NAMES[ply.captured]} on {square(ply.target)}"
        text += " in passing" if ply.en_passant else ""
    else:
        text = f"{PIECE_NAMES[ply.piece]} to {square(ply.target)}"
    if ply.promotion:
        text += f", becoming a {PIECE_NAMES[ply.promotion]}"
    return f"{text}, check" if ply.check else text


def _score(played: Replay) -> str:
    """The moves in notation, wrapped at 78 columns."""
    words = []
    for index, san in enumerate(played.sans):
        if played.side(index) == WHITE:
            words.append(f"{played.number(index)}. {san}")
        else:
            words.append(f"{played.number(index)}... {san}" if index == 0 else san)
    return textwrap.fill(" ".join([*words, played.result]), 78, break_on_hyphens=False, break_long_words=False)


def _summary(game: Game, played: Replay, opening: Opening | None) -> str:
    tags = game.tags
    white, black = (_player(tags, colour) for colour in _COLOURS)
    lines = [f"{white} against {black}"]
    circumstances = _circumstances(tags)
    lines += [f"Played {circumstances}."] if circumstances else []
    lines += [f"Opening: {opening.name}."] if opening else []
    outcome = {"1-0": "White won", "0-1": "Black won", "1/2-1/2": "The game was drawn"}.get(played.result)
    ending = {"checkmate": " by checkmate", "stalemate": " by stalemate"}.get(played.end, "")
    moves = _count(played.number(len(played.plies) - 1) - played.first_number + 1, "move")
    closing = f"{outcome}{ending} after {moves}." if outcome else f"The record ends after {moves}."
    return "\n".join([*lines, "", _score(played), "", closing])


class _Prose:
    """The prose of one game, paragraph by paragraph."""

    def __init__(self, game: Game, played: Replay, opening: Opening | None, telling: Telling, variety: int) -> None:
        self.game, self.played, self.opening, self.telling, self.variety = game, played, opening, telling, variety
        names = [plain_name(game.tags.get(colour, "")) for colour in _COLOURS]
        families = [
            game.tags.get(colour, "").partition(",")[0].strip() if name else ""
            for colour, name in zip(_COLOURS, names, strict=True)
        ]
        distinct = all(families) and families[0] != families[1]
        self.names = families if distinct else list(_COLOURS)
        self.turns = 0

    def text(self) -> str:
        """All paragraphs."""
        plies = len(self.played.plies)
        first = min(OPENING_PLIES, plies)
        if self.telling.moves == "all":
            body = [self._moves(start, min(start + 20, plies)) for start in range(0, plies, 20)]
        else:
            cuts = [first, max(first, self.played.endgame), plies] if self.played.endgame > 0 else [first, plies]
            body = [self._moves(0, first)]
            for phase, (start, end) in enumerate(pairwise(cuts)):
                body.append(self._phase(start, end, endgame=phase == 1))
        return "\n\n".join(part for part in [self._introduction(), *body, self._end()] if part)

    def _pick(self, *wordings: str) -> str:
        """One of the wordings, another one each time."""
        self.turns += 1
        return wordings[(self.variety + self.turns * 7) % len(wordings)]

    def _subject(self, side: int) -> str:
        return self._pick(_COLOURS[side], self.names[side])

    def _introduction(self) -> str:
        tags = self.game.tags
        white, black = (_player(tags, colour) for colour in _COLOURS)
        circumstances = _circumstances(tags)
        at = f" {circumstances}" if circumstances else ""
        text = self._pick(
            f"{white} played White against {black}{at}.",
            f"{white}, with the white pieces, met {black}{at}.",
            f"{black} had the black pieces against {white}{at}.",
        )
        text = text[0].upper() + text[1:]
        if not self.played.usual_start:
            text += f" The game did not begin from the usual position: {self._standing()}."
        elif self.opening:
            text += " " + self._pick(
                f"The opening was the {self.opening.name}.",
                f"The game opened as a {self.opening.name}."
                if self.opening.name[0] not in "AEIO"
                else f"The game opened as an {self.opening.name}.",
                f"The players chose the {self.opening.name}.",
            )
        elif family := FAMILIES.get(tags.get("ECO", "")[:1]):
            text += f" It was {family}."
        return text + self._notes(0)

    def _standing(self) -> str:
        captured, promoted = [[0] * 7, [0] * 7], [[0] * 7, [0] * 7]
        for index, ply in enumerate(self.played.plies):
            side = self.played.side(index)
            captured[1 - side][ply.captured] += 1
            if ply.promotion:
                promoted[side][ply.promotion] += 1
                promoted[side][PAWN] -= 1
        forces = [
            [
                now + lost - new
                for now, lost, new in zip(
                    material(self.played.position, side), captured[side], promoted[side], strict=True
                )
            ]
            for side in (WHITE, BLACK)
        ]
        return f"White had {_force(forces[WHITE])} and Black {_force(forces[BLACK])}"

    def _moves(self, start: int, end: int) -> str:
        """The half-moves from `start` to `end` one by one, two or three moves to a sentence."""
        played = self.played
        sentences: list[str] = []
        clauses: list[str] = []
        for index in range(start, end):
            deed = _deed(played.plies[index]) + self._glyphs(index + 1)
            side = played.side(index)
            if side == WHITE or not clauses:
                clauses.append(f"Black: {deed}" if side == BLACK else deed)
            else:
                clauses[-1] += f"; Black: {deed}" if "," in clauses[-1] or "," in deed else f", {deed}"
            notes = self._notes(index + 1)
            if notes or index == end - 1 or (side == BLACK and len(clauses) == 3):
                number = played.number(index) - len(clauses) + 1
                lead = (
                    "The first moves were "
                    if not sentences and number == 1
                    else (f"Moves {number} to {played.number(index)}: " if len(clauses) > 1 else f"Move {number}: ")
                )
                sentences.append(lead + "; ".join(clauses) + "." + notes)
                clauses = []
        return " ".join(sentences)

    def _phase(self, start: int, end: int, *, endgame: bool) -> str:
        """The captures, checks, castlings and promotions between two half-moves, and the quiet moves by number."""
        sentences = [self._balance(start)] if endgame and end > start else []
        for number, clauses in self._events(start, end):
            lead = self._pick(f"On move {number} ", f"At move {number} ", f"Move {number}: ")
            sentences.append(lead + clauses + ".")
        if not sentences and end > start:
            sentences.append(f"The next {_count(end - start, 'half-move')} brought no capture and no check.")
        return " ".join(sentences)

    def _balance(self, start: int) -> str:
        played = self.played
        # The pieces that were taken after this point stood on the board at it.
        counts = [material(played.position, side) for side in (WHITE, BLACK)]
        for index in range(start, len(played.plies)):
            ply, side = played.plies[index], played.side(index)
            counts[1 - side][ply.captured] += bool(ply.captured)
            if ply.promotion:
                counts[side][ply.promotion] -= 1
                counts[side][PAWN] += 1
        return (
            f"{self._pick('The endgame began', 'It came to an endgame')} about move {played.number(start)}: "
            f"White had {_force(counts[WHITE])}, Black {_force(counts[BLACK])}."
        )

    def _events(self, start: int, end: int) -> Iterator[tuple[int, str]]:
        """(move number, what happened) for what is worth telling; an exchange is told at once."""
        played, index = self.played, start
        while index < end:
            ply, number, side = played.plies[index], played.number(index), played.side(index)
            following = played.plies[index + 1] if index + 1 < end else None
            told = index + 1
            if ply.captured and following and following.captured and following.target == ply.target:
                mine = ply.promotion or ply.piece
                if ply.captured == mine:
                    text = f"{PIECE_NAMES[mine]}s were exchanged on {square(ply.target)}"
                else:
                    text = f"{self._clause(ply, side)}, and {_COLOURS[1 - side]} took back with the " + (
                        f"{PIECE_NAMES[following.piece]}"
                    )
                text += ", giving check" if following.check else ""
                told += 1
            elif (
                ply.captured
                or ply.check
                or ply.castling
                or ply.promotion
                or self._glyphs(told)
                or (self.telling.comments and told in self.game.comments)
            ):
                text = self._clause(ply, side)
            else:
                index += 1
                continue
            for half in range(index + 1, told + 1):
                text += self._glyphs(half)
            notes = "".join(self._notes(half) for half in range(index + 1, told + 1))
            yield number, text + (f".{notes.removesuffix('.')}" if notes else "")
            index = told

    def _clause(self, ply: Ply, side: int) -> str:
        who = self._subject(side)
        piece, at = PIECE_NAMES[ply.piece], square(ply.target)
        if ply.castling:
            text = f"{who} castled {self._pick('on the', 'to the')} " + (
                "king's side" if ply.castling == KINGSIDE else "queen's side"
            )
        elif ply.captured:
            taken = PIECE_NAMES[ply.captured]
            text = self._pick(
                f"{who} took the {taken} on {at} with the {piece}",
                f"{who}'s {piece} took the {taken} on {at}",
                f"{who}'s {piece} captured a {taken} on {at}",
            )
            text += " in passing" if ply.en_passant else ""
        elif ply.promotion:
            text = f"{who}'s pawn reached {at}"
        else:
            text = f"{who} {self._pick('played', 'moved')} the {piece} to {at}"
        if ply.promotion:
            text += (
                f" and became a {PIECE_NAMES[ply.promotion]}"
                if not ply.captured
                else (f" and promoted to a {PIECE_NAMES[ply.promotion]}")
            )
        return text + (self._pick(", giving check", " with check") if ply.check else "")

    def _glyphs(self, half: int) -> str:
        found = [_NAGS[nag] for nag in self.game.nags.get(half, ()) if nag in _NAGS] if self.game.nags else []
        return f" ({_join(found)})" if found else ""

    def _notes(self, half: int) -> str:
        if not self.telling.comments or half not in self.game.comments:
            return ""
        return "".join(f" Note: {note.rstrip('. ')}." for note in self.game.comments[half])

    def _end(self) -> str:
        played = self.played
        last = played.plies[-1]
        index = len(played.plies) - 1
        moves = _count(played.number(index) - played.first_number + 1, "move")
        loser = {"1-0": BLACK, "0-1": WHITE}.get(played.result)
        how = self._outcome(loser)
        forces = [material(played.position, side) for side in (WHITE, BLACK)]
        points = [sum(count * value for count, value in zip(force, VALUES, strict=True)) for force in forces]
        ahead = points[WHITE] - points[BLACK]
        balance = (
            "the two sides were equal in material"
            if not ahead
            else f"{_COLOURS[ahead < 0]} was ahead by {_count(abs(ahead), 'point')} of material"
        )
        return (
            f"The last of {moves} was {_COLOURS[played.side(index)]}'s: {_deed(last)}. {how} "
            f"At the end White had {_force(forces[WHITE])}, Black {_force(forces[BLACK])}; {balance}."
        )

    def _outcome(self, loser: int | None) -> str:
        played = self.played
        termination = self.game.tags.get("Termination", "").casefold()
        reason = next((words for mark, words in _TERMINATIONS.items() if mark in termination), "")
        if loser is not None:
            winner = self._subject(1 - loser)
            if played.end == "checkmate":
                king = square(played.position.kings[loser])
                return f"It was checkmate: the {_COLOURS[loser].lower()} king on {king} could not escape, and {winner} won."
            if reason:
                return f"{winner} won {reason}."
            if "normal" in termination or "resign" in termination:
                return f"{self._subject(loser)} resigned, and {winner} won."
            return self._pick(
                f"There was no mate on the board; {winner} won, as it seems by resignation.",
                f"{_COLOURS[loser]} was not mated, but the game was lost for {_COLOURS[loser]}: {winner} won.",
            )
        if played.result == "*":
            return "How the game ended is not recorded."
        drawn = {
            "stalemate": f"It was stalemate: {_COLOURS[played.position.turn]} had no legal move and was not in check, so the "
            "game was drawn.",
            "insufficient material": "Neither side had the pieces left to give mate, and the game was drawn.",
            "repetition": "The same position had come up three times, and the game was drawn.",
        }.get(played.end)
        return drawn or (
            f"The game was drawn {reason}." if reason else self._pick("The game was drawn.", "It ended in a draw.")
        )
