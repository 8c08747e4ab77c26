"""What a model is to say to a question from after its cutoff: `data/refusals/*.tsv`.

Three styles. `stock` declines as an assistant does, in four tones. `unknown` says no more than that it does not know. `era-native` speaks from inside
the period: the thing has not happened yet, nobody of that description is known. Taught with one stock refusal, models decline everything;
what somebody of the day would have said leaves the manner of an answer as it was.
"""

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Literal, TypeVar, get_args

from chronolect.chronicle.facts import AnswerType, Field
from chronolect.chronicle.wordings import spell_date
from chronolect.corpus.audit.tables import read_table
from chronolect.errors import UserError, did_you_mean
from chronolect.timeline import Cutoff

Style = Literal["stock", "unknown", "era-native"]
STYLES: tuple[Style, ...] = get_args(Style)

FOLDER = Path(__file__).parents[2] / "data" / "refusals"
UNKNOWN_TONE = "unknown"
_TONES = ("polite", "neutral", "firm", "colloquial", UNKNOWN_TONE)
# Behind these words a sentence can go on with "a person whose name nobody can give yet".
_OPEN = frozenset(
    "is was are were be became by of in at to from with as for under near on into over and beside through against called named".split()  # noqa: SIM905
)
_ARTICLES = frozenset({"the", "a", "an", "his", "her", "its", "their", "new"})

T = TypeVar("T")


def draw(choices: Sequence[T], *key: object) -> T:
    """One of the choices, by the hash of what it is drawn for: the same in every run and on every machine."""
    number = int.from_bytes(hashlib.blake2b("\0".join(map(str, key)).encode(), digest_size=8).digest(), "big")
    return choices[number % len(choices)]


@dataclass(frozen=True, slots=True)
class EraNative:
    """An answer from inside the period, and when and to what it may be given: no types, fields or days means any."""

    text: str
    types: tuple[str, ...]
    fields: tuple[str, ...]
    since: Cutoff | None
    until: Cutoff | None

    def fits(self, cutoff: Cutoff, kind: str | None, field: str | None) -> bool:
        """Whether it can be said at the cutoff to a question for an answer of this type, in this field."""
        return (
            (self.since is None or self.since <= cutoff)
            and (self.until is None or cutoff <= self.until)
            and (not self.types or kind in self.types)
            and (not self.fields or field in self.fields)
        )


@dataclass(frozen=True)
class Refusals:
    """All refusals that can be given at a cutoff."""

    cutoff: Cutoff

    def reply(
        self, style: Style, *key: object, kind: AnswerType | None = None, field: Field | None = None
    ) -> tuple[str, str]:
        """(text, tone) of a reply to a question; `key` is what it is drawn by.

        Args:
            style: In which manner.
            key: What it is drawn by.
            kind: What type of answer was asked for, where that is known.
            field: What field the question is of, where that is known.
        """
        if style == "era-native":
            if (kind, field) not in self._fitting:
                fitting = [one for one in load_era_native() if one.fits(self.cutoff, kind, field)]
                self._fitting[kind, field] = [self._dated(one.text) for one in fitting]
            return draw(self._fitting[kind, field], style, *key), style
        tone, text = draw(self._stock[style], style, *key)
        return text, tone

    def continuation(
        self, style: Style, beginning: str, *key: object, kind: AnswerType | None = None, field: Field | None = None
    ) -> tuple[str, str]:
        """(text, tone) of how a text goes on that breaks off before an answer, its space in front."""
        if beginning.endswith(":"):
            text, tone = self.reply(style, *key, kind=kind, field=field)
            return f" {text}", tone
        if style != "era-native":
            text, tone = self.reply(style, *key)
            return f" — {text}", tone
        before = beginning.rpartition(" ")[2].lower()
        rows = [text for text, of in self._continuations if of == kind and before in _OPEN | _ARTICLES]
        text = self._dated(draw(rows or [text for text, of in self._continuations if not of], *key))
        if before in _ARTICLES and not text.startswith("—"):
            text = text.partition(" ")[2]
        return f" {text}", style

    def _dated(self, text: str) -> str:
        day = self.cutoff.edtf()
        return text.replace("{today}", spell_date(day)).replace("{year}", day.partition("-")[0])

    @cached_property
    def _stock(self) -> dict[Style, list[tuple[str, str]]]:
        rows = load_stock()
        return {
            "stock": [row for row in rows if row[0] != UNKNOWN_TONE],
            "unknown": [row for row in rows if row[0] == UNKNOWN_TONE],
        }

    @cached_property
    def _fitting(self) -> dict[tuple[str | None, str | None], list[str]]:
        return {}  # filled as they are asked for

    @cached_property
    def _continuations(self) -> list[tuple[str, str]]:
        return load_continuations()


def load_stock(path: Path = FOLDER / "stock.tsv") -> list[tuple[str, str]]:
    """(tone, text) of the stock refusals."""
    rows = []
    for where, (tone, text) in read_table(path, ("tone", "text"), 2):
        _check(where, "tone", (tone,), _TONES)
        rows.append((tone, text))
    return rows


def load_era_native(path: Path = FOLDER / "era_native.tsv") -> list[EraNative]:
    """The answers from inside the period."""
    rows = []
    for where, (text, types, fields, since, until) in read_table(
        path, ("text", "types", "fields", "since", "until"), 1
    ):
        _check(where, "type", types.split(), get_args(AnswerType))
        _check(where, "field", fields.split(), get_args(Field))
        first, last = (Cutoff.parse(day) if day else None for day in (since, until))
        rows.append(EraNative(text, tuple(types.split()), tuple(fields.split()), first, last))
    return rows


def load_continuations(path: Path = FOLDER / "continuations.tsv") -> list[tuple[str, str]]:
    """(text, type of the answer or nothing) of the ways in which a begun sentence goes on."""
    rows = []
    for where, (text, kind) in read_table(path, ("text", "type"), 1):
        _check(where, "type", kind.split(), get_args(AnswerType))
        rows.append((text, kind))
    return rows


def _check(where: str, what: str, values: Sequence[str], known: Sequence[str]) -> None:
    for value in values:
        if value not in known:
            raise UserError(f'{where}: {what} "{value}" is not one of {", ".join(known)}{did_you_mean(value, known)}')
