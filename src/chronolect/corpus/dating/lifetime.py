"""From the statements of knowledge bases about an entity to the span of its time.

A birth without a death does not date a life to one day: what began and is not known to have ended goes on, so its span is open (a person's is
bounded by how long people live). The original took the earliest date for the whole, and so let the living into its past.
"""

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass

from chronolect.corpus.dating.table import DateFact
from chronolect.timeline import Span, hull
from chronolect.timeline.calendar import FIRST_DAY, year_end

# Nobody is known to have lived longer (Jeanne Calment, 1875-1997); a life that may reach the present is left open.
_LONGEST_LIFE_DAYS = 123 * 366
_PRESENT = year_end(2024)

# Names of one and the same property in other sources.
_SAME = {
    "schema:birthDate": "P569",
    "schema:deathDate": "P570",
    "schema:startDate": "P580",
    "schema:endDate": "P582",
    "schema:dateCreated": "P571",
    "schema:foundingDate": "P571",
    "schema:dissolutionDate": "P576",
    "schema:datePublished": "P577",
    "birth": "P569",
    "death": "P570",
}
_OF_A_LIFE = frozenset({"P569", "P570", "P1636", "P4602"})
_OF_WORK = frozenset({"P2031", "P2032"})  # when a person worked, which does not bound a life
_PUBLISHED = frozenset({"P577", "P1191"})  # a work that was written, and published later, is of those times
_WRITTEN = "P571"
_ONCE_ONLY = frozenset({"P569", "P570"})  # of which two statements that share no day cannot both be true


@dataclass(frozen=True, slots=True)
class Lifetime:
    """The time of an entity, the statements it rests on, those set aside for better ones, and pairs that cannot both be true."""

    span: Span
    used: tuple[DateFact, ...]
    set_aside: tuple[DateFact, ...]
    contradictions: int


def lifetime(facts: Sequence[DateFact]) -> Lifetime:
    """Join all statements about one entity.

    Deprecated statements are set aside, and normal ones where the same source has a preferred one for the same property. Statements of one
    property that agree narrow each other; others widen the span. A working life says nothing where there is a life; of a work that was
    published, the making is a time like the publication. Then: from the earliest start to the latest end; open where there is a start
    and no end; the hull of its points in time where there is neither.
    """
    used, set_aside = _by_rank(facts)
    groups: dict[tuple[str, str], list[Span]] = defaultdict(list)
    for fact in used:
        if fact.span.is_known:
            groups[fact.role, _SAME.get(fact.property, fact.property)].append(fact.span)
    spans: dict[str, list[Span]] = defaultdict(list)
    contradictions = 0
    names = {name for _, name in groups}
    is_life = not names.isdisjoint(_OF_A_LIFE)
    is_work = not names.isdisjoint(_PUBLISHED)
    for (role, name), stated in groups.items():
        if is_life and name in _OF_WORK:
            continue
        if is_work and name == _WRITTEN:
            role = "point"
        common = stated[0].intersect(*stated[1:])
        if name in _ONCE_ONLY:
            contradictions += sum(not a.overlaps(b) for i, a in enumerate(stated) for b in stated[:i])
            spans[role].append(common or hull(stated))
        else:
            spans[role].append(hull(stated))
    span, impossible = _join(spans["start"], spans["end"], spans["point"], is_life)
    return Lifetime(span, tuple(used), tuple(set_aside), contradictions + impossible)


def _by_rank(facts: Sequence[DateFact]) -> tuple[list[DateFact], list[DateFact]]:
    preferred = {(fact.kind, fact.property) for fact in facts if fact.rank == "preferred"}
    used: list[DateFact] = []
    set_aside: list[DateFact] = []
    for fact in facts:
        worse = fact.rank == "deprecated" or (fact.rank == "normal" and (fact.kind, fact.property) in preferred)
        (set_aside if worse else used).append(fact)
    return used, set_aside


def _join(starts: list[Span], ends: list[Span], points: list[Span], is_life: bool) -> tuple[Span, int]:
    """The span, and 1 if it ends before it begins (then everything stated lies in it)."""
    if not starts and not ends:
        return hull(points), 0
    start, end, around = hull(starts), hull(ends), hull(points)
    if starts and ends:
        if start.earliest is not None and end.latest is not None and start.earliest > end.latest:
            return hull([start, end, *points]), 1
        span = Span(start.earliest, None if _began_again(start, end) else end.latest)
    elif starts:
        span = Span(start.earliest, _last_day_of_life(start) if is_life else None)
    else:
        span = Span(_first_day_of_life(end) if is_life else None, end.latest)
    return (span.hull(around) if points else span), 0


def _began_again(start: Span, end: Span) -> bool:
    """Whether something that was founded more than once was so at or after its last end: it goes on (a colony that changed hands)."""
    if start.earliest is None or end.earliest is None or start.latest is None or end.latest is None:
        return False
    return start.earliest < end.earliest and start.latest >= end.latest


def _last_day_of_life(birth: Span) -> int | None:
    if birth.latest is None or birth.latest + _LONGEST_LIFE_DAYS >= _PRESENT:
        return None
    return birth.latest + _LONGEST_LIFE_DAYS


def _first_day_of_life(death: Span) -> int | None:
    if death.earliest is None or death.earliest - _LONGEST_LIFE_DAYS <= FIRST_DAY:
        return None
    return death.earliest - _LONGEST_LIFE_DAYS
