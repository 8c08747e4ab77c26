"""Expressions that belong together or lean on their neighbours: ranges, days without a year, "before" and "since"."""

import re
from collections.abc import Iterable

from chronolect.corpus.dating.expressions.context import word_before
from chronolect.corpus.dating.expressions.days import dated
from chronolect.corpus.dating.expressions.found import Found, Yearless, after, before, open_end, open_start
from chronolect.corpus.dating.expressions.vocabulary import OPENING_WORDS
from chronolect.timeline import Span
from chronolect.timeline.calendar import civil

# How far back a day without a year looks for one.
_REACH = 400

_TO = re.compile(
    r",? ?(?:-|–|—|(?:up )?to(?: about| around)?|until|till|through|thru|and|or|(?:to|until) the end of"
    r"|(?:until|till|to) (?:his|her|its|their) [a-z]+ (?:in|on))(?: the)? ?"
)
_AND = re.compile(r"\b(?:and|or)\b")
_LEAD = re.compile(r"\b(between|from)(?: about| around)?(?: the)?(?: years?)? $", re.IGNORECASE)
_DASHES = re.compile(r" ?[-–—] ?")
_OPENING = re.compile(
    r"\b(?:(?P<not_after>[Ii]n or before|[Oo]n or before|[Uu]ntil|[Tt]ill|[Uu]p to|[Uu]p until|[Nn]o later than|[Nn]ot later than)"
    r"|(?P<by>[Bb]y|[Tt]o)"
    r"|(?P<not_before>[Ii]n or after|[Oo]n or after|[Ff]rom and after|[Ss]ince|[Ee]ver since|[Ss]tarting (?:in|from|on)"
    r"|[Bb]eginning (?:in|from|on)|[Nn]o earlier than)"
    r"|(?P<from>[Ff]rom)"
    r"|(?P<before>[Bb]efore|[Pp]rior to|[Pp]re|[Ee]arlier than|[Oo]lder than)"
    r"|(?P<after>[Aa]fter|[Pp]ost|[Ll]ater than|[Ss]ubsequent to))"
    r"(?: about| around)?(?: the)?(?: end of)?(?: year)?(?: the)?[ -]$"
)
# "to 1603" is an end only where it closes a statement: "History to 1603".
_CLOSES = re.compile(r"[.,;:)]|$")
_OPENS_TITLE = re.compile(r"(?:^|[.!?:\n] ?|\b[Dd]own |\b[Uu]p )(?:[A-Z][a-z]+ )?$")
_NEGATED = re.compile(r"(?:\b(?:not|never|nor|neither|nothing|nobody|no one|hardly|without)|n't)\b[^.;:]*$")
# "a letter from 1914" is of 1914; "he lived there from 1914" goes on.
_IS_FROM = re.compile(
    r"\b(?:dat(?:ed|es|ing)|is|are|was|were|letters?|photographs?|pictures?|maps?|coins?|copy|manuscripts?|one|those) $"
)
_NAMED = ("era", "war", "reign")
_UNITS = ("day", "month", "year", "season")


def merge(numerals: Iterable[Found | Yearless], worded: Iterable[Found]) -> list[Found | Yearless]:
    """Both in one order, without overlaps: what starts first stays, of two that start together the longer."""
    found = sorted([*numerals, *worded], key=lambda one: (one.start, -one.end))
    kept: list[Found | Yearless] = []
    for one in found:
        if not kept or one.start >= kept[-1].end:
            kept.append(one)
        elif one.end > kept[-1].end and isinstance(one, Found) and isinstance(kept[-1], Yearless):
            kept[-1] = one
    return kept


def join(flat: str, text: str, found: list[Found | Yearless], anchor: Span | None) -> list[Found]:
    """Pairs to ranges, days without a year to the year before them, and what precedes an expression applied to it."""
    joined: list[Found] = []
    index = 0
    while index < len(found):
        one = found[index]
        following = found[index + 1] if index + 1 < len(found) else None
        index += 1
        if (
            following is not None
            and following.start - one.end <= 32
            and isinstance(following, Found)
            and following.type
        ):
            pair = _range(flat, one, following)
            if pair is not None:
                joined.append(_open(flat, pair))
                index += 1
                continue
        if isinstance(one, Yearless):
            resolved = _resolve(text, one, joined) or _resolve_by_anchor(one, anchor)
            if resolved is None:
                continue
            one = resolved
        joined.append(_open(flat, one) if one.type else one)
    return [one for one in joined if one.type]


def _range(flat: str, one: Found | Yearless, two: Found) -> Found | None:
    gap = _TO.fullmatch(flat, one.end, two.start)
    if gap is None or two.span.earliest is None or two.span.latest is None or two.type == "relative":
        return None
    if isinstance(one, Yearless):
        year, month, _ = civil(two.span.earliest)
        one = dated(one, year if one.month <= month else year - 1)
    elif not one.type:
        return None
    dashes = _DASHES.fullmatch(gap.group()) is not None
    lead = _LEAD.search(flat, max(0, one.start - 28), one.start)
    beside = _AND.search(gap.group()) is not None
    if beside and (lead is None or lead[1].lower() != "between") and not one.type == two.type == "decade":
        return None
    if (one.type in _NAMED and not lead) or not (dashes or lead or one.precision == two.precision):
        return None
    first = one.span
    if (
        first.earliest is None
        or first.latest is None
        or first.earliest > two.span.earliest
        or first.latest > two.span.latest
    ):
        return None
    return Found(
        lead.start() if lead else one.start, two.end, Span(first.earliest, two.span.latest), "range", two.precision
    )


def _resolve(text: str, one: Yearless, joined: list[Found]) -> Found | None:
    """A day without a year is of the year of the expression before it in the same paragraph, if that is of one year."""
    if not joined or one.start - joined[-1].end > _REACH or "\n\n" in text[joined[-1].end : one.start]:
        return None
    last = joined[-1]
    if (
        last.type not in ("day", "month", "year", "range", "season")
        or last.span.earliest is None
        or last.span.latest is None
    ):
        return None
    first_year, last_year = civil(last.span.earliest)[0], civil(last.span.latest)[0]
    return dated(one, last_year) if first_year == last_year else None


def _is_last(flat: str, start: int, end: int) -> bool:
    return _CLOSES.match(flat, end) is not None and _OPENS_TITLE.search(flat, max(0, start - 24), start) is not None


def _resolve_by_anchor(one: Yearless, anchor: Span | None) -> Found | None:
    """A day without a year in a text of a known year: the one nearest to the text. Months alone are too often general."""
    if anchor is None or anchor.earliest is None or anchor.latest is None or not one.first:
        return None
    first, last = civil(anchor.earliest)[0], civil(anchor.latest)[0]
    if first != last:
        return None
    middle = (anchor.earliest + anchor.latest) // 2
    candidates = [
        dated(one, year)
        for year in ((first,) if anchor.latest - anchor.earliest > 31 else (first - 1, first, first + 1))
    ]
    return min(candidates, key=lambda found: abs((found.span.earliest or 0) - middle))


def _open(flat: str, one: Found) -> Found:
    """ "before 1850", "since 1990", "from 1878": an end, or both, is open."""
    word = word_before(flat, one.start)
    opens = word in OPENING_WORDS or word[-1:] == "-" or flat[one.start - 7 : one.start] in ("ing in ", "ing on ")
    if not opens or one.type in ("relative", "open"):
        return one
    left = _OPENING.search(flat, max(0, one.start - 28), one.start)
    if left is None:
        return one
    if one.type == "range" and left["from"]:
        return Found(left.start(), one.end, one.span, "range", one.precision)
    if one.type == "year" and flat[one.start - 4 : one.start] == "the ":
        return one  # "after the 1918 armistice": the year belongs to the event
    span: Span | None = None
    named = one.type in _NAMED
    if left["before"]:
        span = before(one.span, named=named)
    elif left["after"]:
        span = after(one.span, named=named)
    elif left["not_before"] or (
        left["from"] and one.precision in _UNITS and not _IS_FROM.search(flat, max(0, left.start() - 16), left.start())
    ):
        span = open_end(one.span)
    elif left["not_after"] and _NEGATED.search(flat, max(0, left.start() - 60), left.start()):
        return one  # "not opened until 1975" says when it was
    elif left["not_after"] or (
        left["by"] and one.precision in _UNITS and (left["by"].lower() == "by" or _is_last(flat, left.start(), one.end))
    ):
        span = open_start(one.span)
    if span is None or not span.is_known:
        return one
    return Found(left.start(), one.end, span, "open", one.precision)
