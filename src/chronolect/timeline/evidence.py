"""`Evidence`: where a date comes from. Merging keeps every piece and counts contradictions."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal, get_args

from chronolect.errors import UserError, did_you_mean
from chronolect.timeline.span import Span, hull

Field = Literal["written", "about"]
Kind = Literal["catalogue", "header", "wikidata", "yago", "author-life", "expression", "llm", "user"]
KINDS: tuple[str, ...] = get_args(Kind)
FIELDS: tuple[str, ...] = get_args(Field)

# Read out of the text itself, by a pattern or a model: such evidence dates a document where nothing else does, but
# never narrows a record.
_DERIVED = ("expression", "llm")


@dataclass(frozen=True, slots=True)
class Evidence:
    """One statement about when a document was written, or what time it speaks of.

    `precision` is the unit the statement was made in (day, month, year, decade, ...), `reference` where it stands (a
    catalogue number, a URL, a file and key), `quote` the words it was read from.
    """

    field: Field
    span: Span
    kind: Kind
    precision: str = ""
    reference: str = ""
    quote: str = ""

    def __post_init__(self) -> None:
        for value, known, what in ((self.kind, KINDS, "kind"), (self.field, FIELDS, "field")):
            if value not in known:
                raise UserError(
                    f'evidence {what} "{value}": expected one of {", ".join(known)}{did_you_mean(value, known)}'
                )
        if not self.precision:
            object.__setattr__(self, "precision", precision(self.span))


@dataclass(frozen=True, slots=True)
class Dating:
    """What all evidence for one field says together: the span, the evidence in full, and how many pairs of it cannot
    both be true.
    """

    span: Span
    evidence: tuple[Evidence, ...]
    contradictions: int


def merge(evidence: Sequence[Evidence], field: Field) -> Dating:
    """Join the evidence for one field.

    `about`: a text may speak of many times, so the span is the hull and nothing contradicts. `written`: statements that
    agree narrow each other to their common days (what was derived from the text narrows only where there is no record);
    if two do not share a day, the span is the hull of all, so that a lock does not bet on one of them, and each such
    pair counts as a contradiction.
    """
    found = tuple(piece for piece in evidence if piece.field == field and piece.span.is_known)
    spans = [piece.span for piece in found]
    if field == "about" or not found:
        return Dating(hull(spans), found, 0)
    contradictions = sum(not a.overlaps(b) for i, a in enumerate(spans) for b in spans[:i])
    if contradictions:
        return Dating(hull(spans), found, contradictions)
    deciding = [piece.span for piece in found if piece.kind not in _DERIVED] or spans
    if len(deciding) == 1:
        return Dating(deciding[0], found, 0)
    common = deciding[0].intersect(*deciding[1:])
    assert (
        common is not None
    )  # intervals that share a day pair by pair share one all together (Helly's theorem on the line)
    return Dating(common, found, 0)


def precision(span: Span) -> str:
    """The smallest of day, month, year, decade, century, millennium that is as long as the span; `open` if an end is
    open.
    """
    if span.earliest is None or span.latest is None:
        return "open"
    days = span.latest - span.earliest + 1
    units = ((1, "day"), (31, "month"), (366, "year"), (3653, "decade"), (36525, "century"))
    return next((name for length, name in units if days <= length), "millennium")
