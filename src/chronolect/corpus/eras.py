"""Eras: named spans of time, by which validation sets are told apart."""

import re
from dataclasses import dataclass
from pathlib import Path

import pyarrow as pa

from chronolect.corpus.document import read_batches
from chronolect.errors import UserError
from chronolect.timeline import Span
from chronolect.timeline.calendar import bin_start, year_of
from chronolect.timeline.evidence import Field

_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9_.-]*")
_MOST = 8


@dataclass(frozen=True, slots=True)
class Era:
    """A name and a span of time."""

    name: str
    span: Span

    def holds(self, span: Span) -> bool:
        """Whether all of a dated span lies in the era."""
        return span.is_known and self.span.contains(span)


def parse_eras(texts: list[str]) -> list[Era]:
    """Eras from "name=interval" (EDTF), such as "war=1914/1918"; `UserError` for anything else, and for a name given
    twice.
    """
    eras: list[Era] = []
    for text in texts:
        name, equals, interval = text.partition("=")
        if not equals or not _NAME.fullmatch(name):
            raise UserError(
                f'--era "{text}": expected name=interval, such as war=1914/1918 (a name of letters and digits)'
            )
        if name == "after" or name in [era.name for era in eras]:
            raise UserError(f'--era "{text}": the name "{name}" is taken')
        eras.append(Era(name, Span.parse(interval)))
    return eras


SPAN_COLUMNS = ("written_earliest", "written_latest", "about_earliest", "about_latest")


def spans_of(batch: pa.RecordBatch, by: Field) -> list[Span]:
    """The time each document of a batch belongs to: when it was written; or what it is about and, where that is not known, when it was written.

    Articles about the past and books from it stand in one corpus: `about` tells both apart by era.
    """
    written = _spans(batch, "written")
    if by == "written":
        return written
    return [about if about.is_known else when for about, when in zip(_spans(batch, "about"), written, strict=True)]


def _spans(batch: pa.RecordBatch, field: Field) -> list[Span]:
    ends = (batch[f"{field}_{end}"].to_pylist() for end in ("earliest", "latest"))
    return [Span(*pair) for pair in zip(*ends, strict=True)]


def choose_eras(corpus: Path, by: Field = "written") -> list[Era]:
    """At most eight eras of 10, 20, 50, 100, ... years that cover what is dated in the corpus."""
    first = last = None
    for batch in read_batches(corpus, SPAN_COLUMNS):
        spans = spans_of(batch, by)
        first = min((day for day in (first, *(span.earliest for span in spans)) if day is not None), default=None)
        last = max((day for day in (last, *(span.latest for span in spans)) if day is not None), default=None)
    if first is None or last is None or first > last:
        return []
    first_year, last_year = year_of(first), year_of(last)
    sizes = (base * 10**power for power in range(1, 7) for base in (1, 2, 5))
    size = next(s for s in sizes if (bin_start(last_year, s) - bin_start(first_year, s)) // s < _MOST)
    starts = range(bin_start(first_year, size), last_year + 1, size)
    return [Era(f"{start}-{start + size - 1}", Span.year(start, start + size - 1)) for start in starts]
