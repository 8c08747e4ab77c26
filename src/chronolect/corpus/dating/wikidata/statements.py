"""Statements of an entity about its time as facts: ranks, unknown values, and the qualifiers that bound or doubt a date."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from chronolect.corpus.dating.table import DateFact, Role
from chronolect.corpus.dating.wikidata.times import PRECISIONS, YEAR, BadTime, Time, clamped, read_time
from chronolect.timeline import Span
from chronolect.timeline.calendar import FIRST_DAY, LAST_DAY, civil, day_number, month_end
from chronolect.timeline.evidence import precision as precision_of
from chronolect.timeline.notation import MARGINS

EARLIEST, LATEST, START, END = "P1319", "P1326", "P580", "P582"
CIRCUMSTANCES = "P1480"
_TIME_QUALIFIERS = (EARLIEST, LATEST, START, END)
_ITEM_QUALIFIERS = (CIRCUMSTANCES, "P518", "P4241")  # sourcing circumstances; applies to part; refine date

# Sourcing circumstances -> the mark of EDTF with the same meaning.
_DOUBTS = {
    "Q5727902": "~",  # circa
    "Q21818619": "~",  # near
    "Q18122778": "?",  # presumably
    "Q30230067": "?",  # possibly
    "Q56644435": "?",  # probably
    "Q32188232": "?",  # allegedly
    "Q18912752": "?",  # disputed
    "Q18603603": "?",  # hypothetically
}
_ASSUMED_GREGORIAN = "Q26961029"  # "unspecified calendar, assumed Gregorian"
_CALENDARS_APART = 14  # days, in 1900 to 2100; fewer before, and the other way round before the year 200


@dataclass(frozen=True, slots=True)
class Unread:
    """A statement that gives no fact: the kind (a problem, or a count such as "unknown value") and what is wrong."""

    kind: str
    what: str = ""


DEPRECATED, UNKNOWN, NONE = "deprecated statements", "unknown values", "no values"
COUNTED = (DEPRECATED, UNKNOWN, NONE)


def read_statements(
    qid: str, title: str | None, property: str, role: Role, statements: Any, *, deprecated: bool
) -> Iterator[DateFact | Unread]:
    """The facts of the statements of one property, in order. What is only doubtful yields its problem as well."""
    if not isinstance(statements, list):
        yield Unread("missing part", f"{qid} {property}: no list of statements")
        return
    for statement in statements:
        try:
            yield from _read(qid, title, property, role, statement, deprecated)
        except BadTime as bad:
            yield Unread(bad.kind, f"{qid} {property}: {bad}")
        except (KeyError, TypeError, AttributeError):
            yield Unread("missing part", f"{qid} {property}: a statement without its main value, or its parts")


def _read(
    qid: str, title: str | None, property: str, role: Role, statement: Mapping[str, Any], deprecated: bool
) -> Iterator[DateFact | Unread]:
    rank = statement.get("rank", "normal")
    if rank not in ("preferred", "normal", "deprecated"):
        raise BadTime("missing part", "a statement of no known rank")
    if rank == "deprecated" and not deprecated:
        yield Unread(DEPRECATED)
        return
    snak = statement["mainsnak"]
    if snak["snaktype"] == "novalue":
        yield Unread(NONE)
        return
    times: dict[str, list[Time]] = {}
    items: dict[str, list[str]] = {}
    for found in _qualifiers(statement.get("qualifiers") or {}, times, items):
        yield Unread(found.kind, f"{qid} {property}: {found}")
    earliest = min((t.span.earliest for t in times.get(EARLIEST, ()) if t.span.earliest is not None), default=None)
    latest = max((t.span.latest for t in times.get(LATEST, ()) if t.span.latest is not None), default=None)
    if snak["snaktype"] == "somevalue":
        if earliest is None and latest is None:
            yield Unread(UNKNOWN)
            return
        if earliest is not None and latest is not None and earliest > latest:
            raise BadTime("contradiction", "its earliest possible date comes after its latest")
        span = Span(earliest, latest)
        time = Time(span, precision_of(span), "gregorian")
    else:
        time = read_time(snak["datavalue"]["value"])
        if time.doubt:
            yield Unread(time.doubt.kind, f"{qid} {property}: {time.doubt}")
        span = _doubted(time, items.get(CIRCUMSTANCES, ()))
        if earliest is not None or latest is not None:
            limits = [*times.get(EARLIEST, ()), *times.get(LATEST, ())]
            span = _bounded(span, time.span, earliest, latest, limits)
    yield DateFact(
        entity=qid,
        qid=qid,
        title=title,
        property=property,
        role=role,
        span=span,
        precision=time.precision,
        calendar=time.calendar,
        rank=rank,
        qualifiers={name: [t.span.edtf() for t in found] for name, found in times.items()} | items,
        kind="wikidata",
        reference=str(statement.get("id") or f"{qid}${property}"),
    )


def _qualifiers(
    qualifiers: Mapping[str, Any], times: dict[str, list[Time]], items: dict[str, list[str]]
) -> Iterator[BadTime]:
    """Sort the qualifiers that matter into times and items; those that cannot be read are yielded."""
    for name in (*_TIME_QUALIFIERS, *_ITEM_QUALIFIERS):
        for snak in qualifiers.get(name, ()):
            try:
                if snak["snaktype"] != "value":
                    continue
                value = snak["datavalue"]["value"]
                if name in _TIME_QUALIFIERS:
                    times.setdefault(name, []).append(read_time(value))
                else:
                    items.setdefault(name, []).append(value.get("id") or f"Q{value['numeric-id']}")
            except BadTime as bad:
                yield bad
            except (KeyError, TypeError, AttributeError):
                yield BadTime("missing part", f"a qualifier {name} without its value")


def _doubted(time: Time, circumstances: Any) -> Span:
    """The span widened by what the source is said to be: by as much as EDTF's marks widen a date of that unit."""
    span = time.span
    if _ASSUMED_GREGORIAN in circumstances and span.earliest is not None and span.latest is not None:
        span = clamped(span.earliest - _CALENDARS_APART, span.latest + _CALENDARS_APART)
    mark = next((_DOUBTS[item] for item in circumstances if item in _DOUBTS), None)
    if mark is None:
        return span
    written = span.edtf()
    if time.precision in ("day", "month", "year", "decade") and "/" not in written:
        return Span.parse(written + mark)
    years, days = MARGINS.get(time.precision) or (10 ** (YEAR - PRECISIONS.index(time.precision)), 0)
    return clamped(
        FIRST_DAY - 1 if span.earliest is None else _shifted(span.earliest, -years) - days,
        LAST_DAY + 1 if span.latest is None else _shifted(span.latest, years) + days,
    )


def _shifted(day: int, years: int) -> int:
    year, month, day_of_month = civil(day)
    return min(day_number(year + years, month, 1) + day_of_month - 1, month_end(year + years, month))


def _bounded(span: Span, stated: Span, earliest: int | None, latest: int | None, limits: Iterable[Time]) -> Span:
    """The span with the ends that the qualifiers for the earliest and latest possible date state.

    Where they cannot all be true, all are kept inside.
    """
    first = span.earliest if earliest is None else earliest
    last = span.latest if latest is None else latest
    if (first is None or last is None or first <= last) and Span(first, last).overlaps(stated):
        return Span(first, last)
    return span.hull(*(limit.span for limit in limits))
