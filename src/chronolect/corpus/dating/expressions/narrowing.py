"""What stands before a year and narrows it: a month, a season, a feast, a quarter, "about"."""

import re

from chronolect.corpus.dating.expressions.days import days
from chronolect.corpus.dating.expressions.feasts import FEAST, FEASTS, feast
from chronolect.corpus.dating.expressions.found import Found, around, years
from chronolect.corpus.dating.expressions.parts import PART, part_of
from chronolect.corpus.dating.expressions.vocabulary import ABOUT, MONTH, MONTHS, ORDINAL, ORDINALS, SEASONS
from chronolect.timeline import Span
from chronolect.timeline.calendar import day_number, month_end
from chronolect.timeline.notation import parse

_MONTH_LEFT = re.compile(
    rf"(?:(?:the )?(?P<day>{ORDINAL}|[0-9]{{1,2}}(?:st|nd|rd|th)?)(?: day)?(?: of)? |(?P<part>{PART})[ -](?:the month of )?)?"
    rf"(?<![A-Za-z])(?:(?P<first>{MONTH})\.?(?: ?[-–/&] ?| (?:and|to|or) ))?"
    rf"(?P<month>{MONTH})(?:,? (?:the )?(?P<day_after>{ORDINAL}))?(?:\.?,?(?: of)?(?: the year(?: of our Lord)?)?,? ?|[-./])$"
)
_SEASON_LEFT = re.compile(
    rf"(?:(?P<part>{PART})[ -](?:the )?)?\b(?P<season>[Ss]pring|[Ss]ummer|[Aa]utumn|[Ff]all|[Ww]inter)(?:,? of|,)?"
    r"(?: the year)? $"
)
_PART_LEFT = re.compile(rf"(?:the )?\b(?P<part>{PART})(?: the)?(?: year)?[- ]$")
ABOUT_LEFT = re.compile(
    r"\b(?:[Aa]bout|[Aa]round|[Cc]irca|[Cc]a?\.?|[Aa]pproximately|[Rr]oughly|[Aa]pprox\.?)(?: the year)? ?$"
)
_QUARTER_LEFT = re.compile(
    r"(?:the )?\b(?:(?P<ordinal>first|second|third|fourth|last|final) quarter(?: of)?|Q(?P<number>[1-4])) ?$"
)
_FEAST_LEFT = re.compile(rf"\b(?P<feast>{FEAST})(?:,? of|,)? $")
AD_LEFT = re.compile(r"(?:A\.D\.|AD|CE|[Aa]nno(?: [Dd]omini)?) ?$")
_AFTER_JOINT = re.compile(r".*[-–/.]")
_QUARTERS = {"first": 1, "second": 2, "third": 3, "fourth": 4, "last": 4, "final": 4}
_PART_WORDS = {"of", "year", "early", "earlier", "mid", "middle", "late", "later"}
_FEAST_WORDS = {name.split()[-1].lower() for name in FEASTS} | {"of"}
_AD_WORDS = {"a.d", "ad", "ce", "anno", "domini"}
_MONTH_WORDS = {*MONTHS, *ORDINALS, "of", "lord", "year"}


def narrowed(flat: str, start: int, end: int, year: int, word: str) -> Found:
    """The year with what stands before it: a month, a season, a part, "about"."""
    low = max(0, start - 48)
    if word in _MONTH_WORDS or _AFTER_JOINT.sub("", word) in MONTHS:
        month = _MONTH_LEFT.search(flat, low, start)
        if month is not None:
            return _month(month, end, year)
    if word in SEASONS or word == "of":
        season = _SEASON_LEFT.search(flat, low, start)
        if season is not None:
            date = f"{'-' if year < 0 else ''}{abs(year):04d}-{SEASONS[season['season'].lower()]}"
            return Found(season.start(), end, Span(*parse(date)), "season", "season")
    if word in ABOUT:
        about = ABOUT_LEFT.search(flat, low, start)
        if about is not None:
            return Found(about.start(), end, around(years(year)), "year", "year")
    if word in ("of", "quarter") or word[:1] == "q":
        quarter = _QUARTER_LEFT.search(flat, low, start)
        if quarter is not None:
            number = int(quarter["number"] or _QUARTERS[quarter["ordinal"]])
            span = Span(day_number(year, 3 * number - 2, 1), month_end(year, 3 * number))
            return Found(quarter.start(), end, span, "season", "season")
    part = _PART_LEFT.search(flat, low, start) if word in _PART_WORDS or word.endswith("-") else None
    if part is not None:
        return Found(part.start(), end, part_of(years(year), part["part"]), "year", "year")
    day = _FEAST_LEFT.search(flat, low, start) if word in _FEAST_WORDS else None
    if day is not None:
        return Found(day.start(), end, feast(day["feast"], year), "day", "day")
    era = AD_LEFT.search(flat, low, start) if word in _AD_WORDS else None
    return Found(start if era is None else era.start(), end, years(year), "year", "year")


def _month(left: re.Match[str], end: int, year: int) -> Found:
    month = MONTHS[left["month"].lower()]
    day = left["day"] or left["day_after"]
    if day is not None:
        number = ORDINALS.get(day) or int(re.sub("[a-z]", "", day))
        return Found(left.start(), end, days(year, month, number, number), "day", "day")
    span = days(year, month, 0, 0)
    if left["first"] is not None and MONTHS[left["first"].lower()] < month:
        span = days(year, MONTHS[left["first"].lower()], 0, 0).hull(span)
        return Found(left.start(), end, span, "range", "month")
    if left["part"] is not None:
        span = part_of(span, left["part"])
    return Found(left.start(), end, span, "month", "month")
