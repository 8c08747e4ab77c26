"""PGN files (plain, .gz, .bz2, .zst) as a stream of games, and a game as its tags, moves and annotations.

Games are told apart by their blocks of tags, as every program writes them; an `[Event ...]` tag always begins a new game. What stands
between two blocks is one game, however broken, so that one bad game costs no other.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

from chronolect.corpus.problems import Problem
from chronolect.corpus.sources.line_blocks import open_stream
from chronolect.errors import UserError

SUFFIXES = (".pgn", ".pgn.gz", ".pgn.bz2", ".pgn.zst")
RESULTS = ("1-0", "0-1", "1/2-1/2", "*")

_READ_BYTES = 1 << 20
_LONGEST_GAME = 4 << 20  # the longest annotated games have some 100 kB; past this it is no game
_TAGS = re.compile(
    rb'^\[[A-Za-z0-9_]+[ \t]+".*\n?(?:(?:[ \t\r]*\n)?\[(?!Event[ \t])[A-Za-z0-9_]+[ \t]+".*\n?)*', re.MULTILINE
)
_TAG = re.compile(r'^\[([A-Za-z0-9_]+)[ \t]+"(.*)"[ \t\r]*(?:\][ \t\r]*)?$', re.MULTILINE)
_ESCAPED_LINE = re.compile(r"^%.*$", re.MULTILINE)
# What stands between moves and is none: move numbers, "e.p.", and signs such as "+-" ("--", a null move, is a move).
_BETWEEN = re.compile(r"(?<!\S)\d+(?:\s*(?:\.+|…)|(?!\S))|e\.p\.|(?<!\S)(?!--)[^\w\s*]+(?!\S)")
_TOKEN = re.compile(r"\{[^}]*\}?|;[^\n]*|[()]|\$\d+|[^\s{}();$]+")
_GLYPH = re.compile(r"[!?]{1,2}$")
_GLYPH_NAGS = {"!": 1, "?": 2, "!!": 3, "??": 4, "!?": 5, "?!": 6}
_COMMAND = re.compile(r"\[%[^\[\]]*\]")  # clock times, arrows and evaluations inside comments


@dataclass(frozen=True, slots=True)
class RawGame:
    """One game as it stands in a file: the number of its first line, its bytes, and where its moves begin in them."""

    line: int
    data: bytes
    moves_at: int


@dataclass(slots=True)
class Game:
    """One game read: tags, the moves of its main line as written, the result, and annotations by number of half-moves
    played before them.
    """

    tags: dict[str, str]
    moves: list[str] = field(default_factory=list)
    results: list[str] = field(default_factory=list)
    nags: dict[int, list[int]] = field(default_factory=dict)
    comments: dict[int, list[str]] = field(default_factory=dict)
    fault: str = ""


def find_pgn(inputs: list[Path]) -> list[tuple[Path, str]]:
    """The PGN files of the inputs in order, each with the name it is known by: its path below the input."""
    found: list[tuple[Path, str]] = []
    for path in inputs:
        if not path.exists():
            raise UserError(f"{path}: no such file or folder")
        within = path.rglob("*") if path.is_dir() else (path,)
        files = sorted(file for file in within if file.is_file() and (_is_pgn(file) or file == path))
        if not files or not all(map(_is_pgn, files)):
            raise UserError(f"{path}: no PGN ({', '.join(SUFFIXES)})")
        found += [(file, file.relative_to(path).as_posix() if path.is_dir() else file.name) for file in files]
    if not found:
        raise UserError("nothing to import: name at least one PGN file or folder")
    return found


def _is_pgn(file: Path) -> bool:
    return file.name.lower().endswith(SUFFIXES)


def read_games(file: Path, name: str) -> Iterator[RawGame | Problem]:
    """Stream the games of one file; holds at most one game and a megabyte of it. Damage ends the file with a problem."""
    buffer, line, first, skipping = b"", 1, True, False
    try:
        with open_stream(file) as stream:
            while True:
                chunk = stream.read(_READ_BYTES)
                buffer += chunk.removeprefix(b"\xef\xbb\xbf") if first else chunk
                first = False
                starts = list(_TAGS.finditer(buffer))
                cuts = [match.start() for match in starts]
                if not chunk:
                    cuts.append(len(buffer))
                if cuts and cuts[0] > 0 and not skipping and buffer[: cuts[0]].strip():
                    yield RawGame(line, buffer[: cuts[0]], 0)  # moves without any tag
                if cuts:
                    line += buffer.count(b"\n", 0, cuts[0])
                    skipping = False
                for match, end in zip(starts, cuts[1:], strict=False):
                    yield RawGame(line, buffer[match.start() : end], match.end() - match.start())
                    line += buffer.count(b"\n", match.start(), end)
                buffer = buffer[cuts[-1] :] if cuts else buffer  # the last game may go on in the next chunk
                if not chunk:
                    return
                if len(buffer) > _LONGEST_GAME:
                    if not skipping:
                        yield Problem(f"{name}:{line}", f"longer than {_LONGEST_GAME >> 20} MB: not a game")
                    line += buffer.count(b"\n", 0, buffer.rfind(b"\n") + 1)
                    buffer, skipping = buffer[buffer.rfind(b"\n") + 1 :][-_READ_BYTES:], True
    except OSError as error:
        yield Problem(f"{name}:{line}", f"cannot be read further ({' '.join(str(error).split())})")


def decode(data: bytes) -> str:
    """UTF-8, or Latin-1 where it is none (PGN's own encoding)."""
    try:
        return data.decode("utf-8")
    except UnicodeDecodeError:
        return data.decode("latin-1")


def parse_game(raw: RawGame) -> Game:
    """Read one game. `fault` says what is wrong with its notation; whether the moves are legal is for the board."""
    tags = dict(_TAG.findall(decode(raw.data[: raw.moves_at])))
    game = Game({name: value.replace('\\"', '"').replace("\\\\", "\\").strip() for name, value in tags.items()})
    text = decode(raw.data[raw.moves_at :])
    if "%" in text:
        text = _ESCAPED_LINE.sub("", text)
    if not any(mark in text for mark in "{(;$!?"):
        game.moves = _BETWEEN.sub(" ", text).split()
        if game.moves and game.moves[-1] in RESULTS:
            game.results.append(game.moves.pop())
    else:
        _parse_annotated(text, game)
    given = game.tags.get("Result", "*")
    if given in RESULTS:
        game.results.insert(0, given)
    return game


def _parse_annotated(text: str, game: Game) -> None:
    depth = 0
    for token in _TOKEN.findall(text):
        first = token[0]
        if first == "{":
            if not token.endswith("}"):
                game.fault = "a comment that is not closed"
                return
            if depth == 0:
                _add_comment(game, token[1:-1])
        elif first == "(":
            depth += 1
        elif first == ")":
            depth = max(0, depth - 1)
        elif depth:
            continue
        elif first == ";":
            _add_comment(game, token[1:])
        elif first == "$":
            game.nags.setdefault(len(game.moves), []).append(int(token[1:5]))
        elif token in RESULTS:
            game.results.append(token)
        else:
            for word in _BETWEEN.sub(" ", token).split():
                glyph = _GLYPH.search(word)
                move = word[: glyph.start()] if glyph else word
                if move:
                    game.moves.append(move)
                if glyph:
                    game.nags.setdefault(len(game.moves), []).append(_GLYPH_NAGS[glyph.group()])
    if depth:
        game.fault = "a variation that is not closed"


def _add_comment(game: Game, comment: str) -> None:
    text = " ".join(_COMMAND.sub("", comment).split())
    if text:
        game.comments.setdefault(len(game.moves), []).append(text)
