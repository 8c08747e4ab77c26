"""The `chess` source: PGN to prose, one document a game, and the rules of play."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Annotated, Any

import numpy as np
from cyclopts import Parameter

from chronolect.artifacts import stage
from chronolect.corpus.document import Document
from chronolect.corpus.encoding import Encoder
from chronolect.corpus.engine import Engine, Output, run_shards
from chronolect.corpus.problems import Problem
from chronolect.corpus.sources.chess.caps import DRAFTED, SIZES, Cap, keep_to_cap
from chronolect.corpus.sources.chess.copies import Seen, game_key
from chronolect.corpus.sources.chess.dates import BadDate, game_evidence, plain_name, read_lives
from chronolect.corpus.sources.chess.openings import name_opening
from chronolect.corpus.sources.chess.pgn import Game, RawGame, decode, find_pgn, parse_game, read_games
from chronolect.corpus.sources.chess.prose import Moves, Style, Telling, tell, title
from chronolect.corpus.sources.chess.replay import BadGame, Replay, replay
from chronolect.corpus.sources.chess.rules import rules_of_play
from chronolect.errors import UserError
from chronolect.timeline import Evidence, Span
from chronolect.timeline.calendar import year_of

_SHARD_BYTES = 2 << 20  # of PGN: some 3,000 games, and three times as much prose
_STANDARD = ("", "standard", "chess", "normal", "from position")


def import_chess(
    inputs: list[Path],
    *,
    out: Path,
    style: Style = "prose",
    moves: Moves = "key",
    comments: bool = False,
    rules: bool = True,
    players: Path | None = None,
    max_tokens: int | None = None,
    tokenizer: Path | None = None,
    max_chars: int | None = None,
    engine: Annotated[Engine, Parameter(name="*")] = Engine(),
) -> dict[str, Any]:
    """Import chess games (PGN) as prose that is read off the board, one document a game, with the rules of play.

    A document is about the day of its game. Its words are ours, so `written` only says "not before the game": filter with
    `--by about`. Unknown parts of a date are never guessed. Copies of a game (same family names, year and moves) are kept
    once. Games with illegal moves, contradictory results or other rules are left out with the reason.

    Args:
        inputs: PGN files (.pgn, also .gz, .bz2, .zst), or folders that are searched for them.
        out: Folder to write the corpus to.
        style: "prose" (the game in words), "summary" (a few lines and the moves in notation), or "both".
        moves: Which moves the prose tells after the opening: "key" (captures, checks, castling, promotions) or "all".
        comments: Quote the comments of the file, which may be of a later time than the game.
        rules: Add the documents on the rules of play.
        players: Table of players (name, born, died): a game lies within the lives of both.
        max_tokens: Keep at most so many tokens, games drawn evenly over the whole input (needs `tokenizer`).
        tokenizer: Tokenizer folder to count with.
        max_chars: Keep at most so many characters.
        engine: Who does the work.

    Returns:
        Counts: documents, those left out by reason, problems by kind.

    Raises:
        UserError: No PGN, a broken table of players, or nothing left to import.
    """
    if max_tokens is not None and tokenizer is None:
        raise UserError("--max-tokens: say which tokens with --tokenizer DIR, or give --max-chars")
    files = find_pgn(inputs)
    cap = Cap(max_tokens, max_chars)
    if players is not None:
        read_lives(players)  # a broken table is found before the work begins
    config: dict[str, Any] = {
        "style": style,
        "moves": moves,
        "comments": comments,
        "rules": rules,
        "players": players,
        "tokenizer": tokenizer,
    }
    config |= {"max_tokens": max_tokens, "max_chars": max_chars}
    sources = [*inputs, *(path for path in (players, tokenizer) if path is not None)]
    with stage(out, command="corpus import chess", config=config, inputs=sources, resume=True) as work:
        function = GamesToDocuments(
            Telling(style, moves, comments), players, tokenizer if max_tokens is not None else None, cap.is_set
        )
        shards = _shards(files, rules)
        if cap.is_set:
            drafted = run_shards(
                work, shards, function, engine, label="importing games", tables={"sizes": SIZES}, into=DRAFTED
            )
            totals = keep_to_cap(work, drafted, cap, engine)
        else:
            totals = run_shards(work, shards, function, engine, label="importing games")
        if totals.kept == totals.counts["rules"]:
            raise UserError(f"{inputs[0]}: nothing to import: {totals.summary(listed=False)}")
        work.counts = totals.summary()
    return totals.summary(listed=False)


@dataclass(frozen=True, slots=True)
class Item:
    """A game on its way to a worker: where it stands, its key, and whether an earlier game has the same."""

    place: str
    raw: RawGame
    key: int
    is_copy: bool


@dataclass(frozen=True, slots=True)
class Shard:
    """Some games of one file in order, with what was wrong between them; or the rules of play."""

    items: tuple[Item, ...] = ()
    problems: tuple[Problem, ...] = ()
    rules: bool = False


def _shards(files: Iterable[tuple[Path, str]], rules: bool) -> Iterator[Shard]:
    if rules:
        yield Shard(rules=True)
    seen = Seen()
    for file, name in files:
        games: list[RawGame] = []
        problems: list[Problem] = []
        size = 0
        for found in read_games(file, name):
            if isinstance(found, Problem):
                problems.append(found)
                continue
            games.append(found)
            size += len(found.data)
            if size >= _SHARD_BYTES:
                yield _shard(name, games, problems, seen)
                games, problems, size = [], [], 0
        if games or problems:
            yield _shard(name, games, problems, seen)


def _shard(name: str, games: list[RawGame], problems: list[Problem], seen: Seen) -> Shard:
    keys = [game_key(parse_game(raw)) for raw in games]
    new = seen.add(np.array(keys, dtype=np.uint64))
    items = (
        Item(f"{name}:{raw.line}", raw, key, not is_new)
        for raw, key, is_new in zip(games, keys, new.tolist(), strict=True)
    )
    return Shard(tuple(items), tuple(problems))


@cache
def _lives(table: Path | None) -> dict[str, Span]:
    return read_lives(table) if table is not None else {}


@cache
def _encoder(tokenizer: Path) -> Encoder:
    return Encoder(tokenizer)


@dataclass(frozen=True, slots=True)
class GamesToDocuments:
    """The work on a shard; with `measure` the size of every document goes to the side table `sizes`."""

    telling: Telling
    players: Path | None
    tokenizer: Path | None
    measure: bool

    def __call__(self, shard: Shard, output: Output) -> None:
        """Tell every game of the shard."""
        for problem in shard.problems:
            output.problem("unreadable", problem)
        if shard.rules:
            for rule in rules_of_play():
                output.keep(rule)
                output.count("rules")
        kept: list[tuple[int, str]] = []
        for item in shard.items:
            output.count("games")
            document = self._document(item, output)
            if document is not None:
                output.keep(document)
                kept.append((item.key, document.text))
        if self.measure and kept:
            self._measure(kept, output)

    def _document(self, item: Item, output: Output) -> Document | None:
        game = parse_game(item.raw)
        reason = "duplicate" if item.is_copy else _unusable(game)
        if reason:
            output.drop(_rejected(item), reason)
            return None
        try:
            about, evidence, contradiction = game_evidence(game.tags, item.place, _lives(self.players))
        except BadDate as error:
            output.problem("date", Problem(item.place, str(error)))
            game.tags.pop("Date", None)
            game.tags.pop("EventDate", None)
            about, evidence, contradiction = game_evidence(game.tags, item.place, _lives(self.players))
        if contradiction:
            output.problem("lives", Problem(item.place, contradiction))
        try:
            played = replay(game)
        except BadGame as error:
            output.problem(error.kind, Problem(item.place, str(error)))
            output.drop(_rejected(item), f"{error.kind}: {error}")
            return None
        output.count("undated", not about.is_known)
        return _told(game, played, item, about, evidence, self.telling)

    def _measure(self, kept: list[tuple[int, str]], output: Output) -> None:
        texts = [text for _, text in kept]
        # Packing puts an end token after each document.
        sizes = [len(ids) + 1 for ids in _encoder(self.tokenizer).encode(texts)] if self.tokenizer else map(len, texts)
        for (key, _), size in zip(kept, sizes, strict=True):
            output.table_row("sizes", {"key": key, "size": size})


def _unusable(game: Game) -> str:
    tags = game.tags
    variant = tags.get("Variant", "").casefold()
    if variant not in _STANDARD:
        return f"other rules: {tags['Variant'][:40]}"
    if not game.moves and not game.fault:
        return "no moves"
    if not plain_name(tags.get("White", "")) and not plain_name(tags.get("Black", "")):
        return "players unknown"
    return ""


def _rejected(item: Item) -> Document:
    """A game that is left out, as it stands in the file."""
    return Document(
        id=f"chess:{item.key:016x}",
        source="chess",
        text=decode(item.raw.data).replace("\r\n", "\n").strip(),
        meta={"place": item.place},
    )


def _told(
    game: Game, played: Replay, item: Item, about: Span, evidence: tuple[Evidence, ...], telling: Telling
) -> Document:
    opening = name_opening(played.boards, year_of(about.latest) if about.latest is not None else None)
    meta: dict[str, Any] = {
        name.lower(): value
        for name in ("White", "Black", "Event", "Site", "Date", "Round", "ECO")
        if (value := game.tags.get(name))
    }
    meta |= {"result": played.result, "half_moves": len(played.plies), "place": item.place}
    if opening:
        meta["opening"] = opening.name
    meta["final"] = played.position.fen()
    return Document(
        id=f"chess:{item.key:016x}",
        source="chess",
        title=title(game.tags),
        text=tell(game, played, opening, telling, item.key & 0xFFFF),
        written=Span(about.earliest, None) if about.earliest is not None else Span(),
        about=about,
        evidence=evidence,
        language="en",
        meta=meta,
    )
