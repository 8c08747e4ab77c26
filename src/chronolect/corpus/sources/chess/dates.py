"""When a game was played: what its tags say, bounded by the lives of its players where a table of players is given."""

import re
import unicodedata
from functools import lru_cache
from pathlib import Path

from chronolect.corpus.problems import Problem
from chronolect.corpus.sources.records import find_files, read_records
from chronolect.errors import UserError
from chronolect.timeline import Evidence, Span

_DATE = re.compile(r"([\d?]{4})(?:[./-]([\d?]{1,2})(?:[./-]([\d?]{1,2}))?)?")
_MONTHS = (
    "January", "February", "March", "April", "May", "June",
    "July", "August", "September", "October", "November", "December",
)  # fmt: skip


class BadDate(ValueError):
    """A date that never was, or that is none."""


@lru_cache(maxsize=1 << 14)
def pgn_span(date: str) -> Span:
    """A PGN date as a span: `1886.01.11`, `1886.01.??`, `1886.??.??`, `18??.??.??`; unknown for `????.??.??` or nothing.

    Unknown digits are never guessed; `BadDate` for a day that never was.
    """
    text = date.strip()
    if not text or set(text) <= set("?.-/ "):
        return Span()
    found = _DATE.fullmatch(text)
    if not found:
        raise BadDate(f'date "{date[:40]}" is not of the form YYYY.MM.DD')
    year, month, day = ("??" if part in (None, "0", "00") else part for part in found.groups())
    if year == "0000":
        return Span()
    if "?" in year.rstrip("?") or year == "????":
        raise BadDate(f'date "{date[:40]}": the year is not known from the left')
    if "?" in year:
        edtf = year.replace("?", "X")
    else:
        edtf = year
        if "?" not in month:
            edtf += f"-{month:0>2}"
            if "?" not in day:
                edtf += f"-{day:0>2}"
    try:
        return Span.parse(edtf)
    except UserError:
        raise BadDate(f'date "{date[:40]}" never was') from None


def game_span(tags: dict[str, str]) -> tuple[Span, str]:
    """When a game was played by its tags, and the words it was read from.

    The day on which the event began (`EventDate`) only says that the game was not before it.
    """
    span, quote = pgn_span(tags.get("Date", "")), tags.get("Date", "")
    began = pgn_span(tags.get("EventDate", ""))
    if began.earliest is None:
        return span, quote
    after = Span(began.earliest, None)
    both = span.intersect(after)
    if both is None or both == span:
        return span, quote
    return both, f"{quote or '?'} (event from {tags['EventDate']})"


def game_evidence(tags: dict[str, str], place: str, lives: dict[str, Span]) -> tuple[Span, tuple[Evidence, ...], str]:
    """When a game was played by all that is known, the evidence, and what contradicts (or nothing).

    A game lies within the lives of both players. Where the tags say otherwise, the span covers both statements.
    """
    span, quote = game_span(tags)
    evidence = [Evidence("about", span, "header", reference=place, quote=quote)] if span.is_known else []
    bounds = [(tags[role], lives[key]) for role in ("White", "Black") if (key := name_key(tags.get(role, ""))) in lives]
    contradiction = ""
    for name, life in bounds:
        evidence.append(Evidence("about", life, "author-life", reference=name))
        both = span.intersect(life)
        if both is None:
            contradiction = f"{name} did not live in {span.edtf()} (but in {life.edtf()})"
            span = span.hull(life)
        elif both != span:
            span = both
    return span, tuple(evidence), contradiction


def read_lives(table: Path) -> dict[str, Span]:
    """Lives of players from a table (CSV, TSV, JSONL, Parquet) with the columns name, born, died (EDTF; empty if not known).

    Players of the same name share the hull of their lives.
    """
    lives: dict[str, Span] = {}
    for file in find_files(table):
        for record in read_records(file):
            if isinstance(record, Problem):
                raise UserError(str(record))
            for column in ("name", "born", "died"):
                if column not in record.fields:
                    raise UserError(f'{record.where}: no column "{column}"; a table of players has name, born, died')
            key = name_key(str(record.fields["name"] or ""))
            born, died = (
                Span.parse(str(value)) if (value := record.fields[c]) not in (None, "") else Span()
                for c in ("born", "died")
            )
            if born.earliest is not None and died.latest is not None and died.latest < born.earliest:
                raise UserError(f"{record.where}: died before being born")
            life = Span(born.earliest, died.latest)
            if key and life.is_known:
                lives[key] = lives[key].hull(life) if key in lives else life
    return {key: life for key, life in lives.items() if life.is_known}


@lru_cache(maxsize=1 << 16)
def plain_name(name: str) -> str:
    """A PGN name as people write it; empty if it is not known.

    >>> plain_name("Zukertort, Johannes Hermann"), plain_name("?")
    ('Johannes Hermann Zukertort', '')
    """
    family, _, given = (part.strip() for part in name.partition(","))
    both = f"{given} {family}".strip() if given else family
    return "" if not both or set(both) <= set("?-. ") or both.upper() in ("NN", "N.N.", "N. N.", "ANONYMOUS") else both


@lru_cache(maxsize=1 << 16)
def name_key(name: str) -> str:
    """What names are compared by: without accents, case and punctuation, in the order people write them."""
    plain = unicodedata.normalize("NFKD", plain_name(name)).casefold()
    return " ".join(
        "".join(mark if mark.isalnum() else " " for mark in plain if not unicodedata.combining(mark)).split()
    )


@lru_cache(maxsize=1 << 16)
def family_key(name: str) -> str:
    """The family name as it is compared: what stands before the comma, or the last word."""
    family = name.partition(",")[0] if "," in name else (name.split() or [""])[-1]
    return name_key(family).replace(" ", "")


def when_in_words(date: str) -> str:
    """A PGN date as part of a sentence: "on 11 January 1886", "in 1886", "between 1800 and 1899"; empty if not known."""
    span = pgn_span(date)
    if not span.is_known:
        return ""
    text = span.edtf()
    year, *rest = text.split("-")
    if "X" in year:
        return f"between {year.replace('X', '0').lstrip('0')} and {year.replace('X', '9').lstrip('0')}"
    year = year.lstrip("0")
    if not rest:
        return f"in {year}"
    month = _MONTHS[int(rest[0]) - 1]
    return f"in {month} {year}" if len(rest) == 1 else f"on {int(rest[1])} {month} {year}"
