"""Years and what is built on them: months, seasons, decades, ranges, "c. 1850", "late 1969", "44 BC"."""

import re

from chronolect.corpus.dating.expressions.context import is_quantity, word_before
from chronolect.corpus.dating.expressions.days import days
from chronolect.corpus.dating.expressions.feasts import FEAST, feast
from chronolect.corpus.dating.expressions.found import Found, around, open_end, years
from chronolect.corpus.dating.expressions.parts import PART, part_of
from chronolect.corpus.dating.expressions.readings import decade_of, year_of_two_digits
from chronolect.corpus.dating.expressions.vocabulary import (
    ABOUT,
    MONTH,
    MONTHS,
    NOT_BEFORE,
    ORDINAL,
    ORDINALS,
    SEASONS,
    YEAR_BEFORE,
)
from chronolect.timeline import Span
from chronolect.timeline.calendar import day_number, month_end

# Four bare digits are a year from the first to the last of these; from EARLIEST and to LATEST only after a word such as
# "in".
FIRST, LAST = 1700, 2035
EARLIEST, LATEST = 1000, 2199

ERA = r"(?:BCE|BC|B\.C\.E\.|B\.C\.|AD|A\.D\.|CE|C\.E\.)(?![A-Za-z])"
_DECADE = re.compile(r"'?s(?![A-Za-z0-9])")
_SECOND = re.compile(r" ?(?P<sign>[-–—/]) ?(?P<year>[0-9]{4}|'?[0-9]{2})(?![0-9A-Za-z%]|[.,:–-][0-9])")
_ONGOING = re.compile(
    r" ?[-–—] ?(?:[Pp]resent|now|today|date)\b| ?– ?(?=[);,])|,? (?:to|through|until|till) (?:the )?present(?: day| time)?\b"
    r"|,? to (?:this day|date)\b|,? (?:onwards?|and (?:after|later|beyond)|or later)\b|,? on(?=[,.;])"
)
_LETTER = re.compile(r"[A-Za-z]")
_ADDRESS = re.compile(
    r" (?:[NSEW]\.? )?[A-Z][a-z]+ (?:Street|St|Avenue|Ave|Road|Rd|Drive|Dr|Boulevard|Blvd|Lane|Court|Place|Terrace)\b"
)

_MONTH_LEFT = re.compile(
    rf"(?:(?:the )?(?P<day>{ORDINAL}|[0-9]{{1,2}}(?:st|nd|rd|th)?)(?: day)?(?: of)? |(?P<part>{PART})[ -](?:the month of )?)?"
    rf"(?<![A-Za-z])(?:(?P<first>{MONTH})\.?(?: ?[-–/&] ?| (?:and|to|or) ))?"
    rf"(?P<month>{MONTH})(?:,? (?:the )?(?P<day_after>{ORDINAL}))?(?:\.?,?(?: of| in)?(?: the year(?: of our Lord)?)?,? ?|[-./])$"
)
_SEASON_LEFT = re.compile(
    rf"(?:(?P<part>{PART})[ -](?:the )?)?\b(?P<season>[Ss]pring|[Ss]ummer|[Aa]utumn|[Ff]all|[Ww]inter)(?:,? of|,)?"
    r"(?: the year)? $"
)
_PART_LEFT = re.compile(rf"(?:the )?\b(?P<part>{PART})(?: the)?(?: year)?[- ]$")
_ABOUT_LEFT = re.compile(
    r"\b(?:[Aa]bout|[Aa]round|[Cc]irca|[Cc]a?\.?|[Aa]pproximately|[Rr]oughly|approx\.?)(?: the year)? ?$"
)
_FISCAL_LEFT = re.compile(r"\b(?:[Ff]iscal(?: [Yy]ear)?|[Ff]inancial [Yy]ear|FY) ?$")
_QUARTER_LEFT = re.compile(
    r"(?:the )?\b(?:(?P<ordinal>first|second|third|fourth|last|final) quarter(?: of)?|Q(?P<number>[1-4])) ?$"
)
_FEAST_LEFT = re.compile(rf"\b(?P<feast>{FEAST})(?:,? of|, (?:in )?)?(?: the year)? $")
_AD_LEFT = re.compile(r"(?:A\.D\.|AD|CE|[Aa]nno(?: [Dd]omini)?) ?$")
_DECADE_LEFT = re.compile(
    rf"(?:\b[Tt]he (?P<the_part>{PART})[ -](?:the )?|\b[Tt]he |\b(?P<part>{PART})[ -](?:the )?)'?$"
)
_SHORT_LEFT = re.compile(
    r"(?:\b(?:in|of|since|until|till|from|to|the|by|before|after|during|and|or|early|late|mid|between|summer|spring|winter|autumn"
    rf"|fall|class|[Cc]irca|{MONTH})\.?,?[ -]|[-–/] ?|^)'$",
    re.IGNORECASE,
)
_QUARTERS = {"first": 1, "second": 2, "third": 3, "fourth": 4, "last": 4, "final": 4}


def four_digits(flat: str, match: re.Match[str], anchor: Span | None) -> Found | None:
    """A number of four digits, if it is a year."""
    start, end = match.span()
    number = int(match.group())
    word = word_before(flat, start)
    before = flat[start - 1 : start]
    if word in NOT_BEFORE and not (word == "of" or before == "("):
        return None
    if before in "-–—" and before and not _may_follow_dash(flat, start, word):
        return None
    decade = _DECADE.match(flat, end)
    if decade is not None:
        return _decade(flat, start, decade.end(), number)
    second = _SECOND.match(flat, end)
    if second is not None:
        return _pair(flat, start, number, second, word)
    if _LETTER.match(flat, end) or flat[end : end + 1] == "/" or not EARLIEST <= number <= LATEST:
        return None
    strong = word in YEAR_BEFORE or word in MONTHS or before == "("
    if is_quantity(flat, end, number, strong) or _ADDRESS.match(flat, end):
        return None
    if word in ABOUT and number % 50 and number >= 1500:
        strong = True
    if not strong and not FIRST <= number <= LAST and not _named_event(flat, start, word):
        return None
    ongoing = _ONGOING.match(flat, end)
    if ongoing is not None:
        return Found(start, ongoing.end(), open_end(years(number)), "range", "year")
    return _narrowed(flat, start, end, number, word)


def _may_follow_dash(flat: str, start: int, word: str) -> bool:
    """ "mid-1960s", "pre-1914", "Jul-1969" and a dash between words, but not "B-1850" or "555-1969"."""
    joined = word.replace("–", "-").rsplit("-", 2)
    last = (joined[-2] if joined[-1] == "" and len(joined) > 1 else joined[-1]) or ""
    if flat[start - 1] in "–—" and not flat[start - 2 : start - 1].isdigit():
        return True
    return last in ("mid", "pre", "post", "early", "late", "ante") or last in MONTHS


def _named_event(flat: str, start: int, word: str) -> bool:
    """ "the Great Fire of 1666": an event with a capital."""
    if word != "of":
        return False
    words = flat[max(0, start - 30) : start].split()
    return len(words) > 1 and words[-2][0].isupper()


def _decade(flat: str, start: int, end: int, number: int) -> Found | None:
    """The 1830s; a round hundred is a century, save the 2000s."""
    if number % 10 or not EARLIEST <= number <= LATEST:
        return None
    whole = number % 100 == 0 and number != 2000
    span, kind = (years(number, number + 99), "century") if whole else (years(number, number + 9), "decade")
    part = _PART_LEFT.search(flat, max(0, start - 40), start)
    if part is not None:
        return Found(part.start("part"), end, part_of(span, part["part"]), kind, kind)
    return Found(start, end, span, kind, kind)


def _pair(flat: str, start: int, first: int, second: re.Match[str], word: str) -> Found | None:
    """1914-18, 1914-1918, 1984/85, 1969-07."""
    digits = second["year"].removeprefix("'")
    last = int(digits)
    if len(digits) == 2:
        if last <= first % 100 and 1 <= last <= 12 and second["sign"] == "-":
            return Found(start, second.end(), days(first, last, 0, 0), "month", "month")
        last += first // 100 * 100
        if last <= first and last + 100 - first <= 20:
            last += 100
    strong = word in YEAR_BEFORE or flat[start - 1 : start] == "("
    if (
        not (EARLIEST <= first < last <= LATEST)
        or (first < 1500 and not strong)
        or is_quantity(flat, second.end(), last, strong)
    ):
        return None
    season = _SEASON_LEFT.search(flat, max(0, start - 40), start)
    if season is not None and season["season"].lower() == "winter" and last == first + 1:
        return Found(
            season.start("season"),
            second.end(),
            Span(day_number(first, 11, 1), day_number(last, 3, 31)),
            "season",
            "season",
        )
    return Found(start, second.end(), years(first, last), "range", "year")


def _narrowed(flat: str, start: int, end: int, year: int, word: str) -> Found:
    """The year with what stands before it: a month, a season, a part, "about"."""
    low = max(0, start - 48)
    if (
        word in MONTHS
        or word in ORDINALS
        or word == "of"
        or word in ("lord", "year")
        or word.rpartition("-")[2] in MONTHS
    ):
        month = _MONTH_LEFT.search(flat, low, start)
        if month is not None:
            return _month(month, end, year)
    if word in SEASONS or word == "of":
        season = _SEASON_LEFT.search(flat, low, start)
        if season is not None:
            span = Span.parse(f"{year:04d}-{SEASONS[season['season'].lower()]}")
            return Found(season.start(), end, Span(span.earliest, span.latest), "season", "season")
    if word in ABOUT:
        about = _ABOUT_LEFT.search(flat, low, start)
        if about is not None:
            return Found(about.start(), end, around(years(year)), "year", "year")
    fiscal = _FISCAL_LEFT.search(flat, low, start) if word in ("fiscal", "year", "fy") else None
    if fiscal is not None:
        return Found(fiscal.start(), end, Span(day_number(year - 1, 7, 1), day_number(year + 1, 3, 31)), "year", "year")
    if word in ("of", "quarter") or word[:1] == "q":
        quarter = _QUARTER_LEFT.search(flat, low, start)
        if quarter is not None:
            number = int(quarter["number"] or _QUARTERS[quarter["ordinal"]])
            span = Span(day_number(year, 3 * number - 2, 1), month_end(year, 3 * number))
            return Found(quarter.start(), end, span, "season", "season")
    part = _PART_LEFT.search(flat, low, start)
    if part is not None:
        return Found(part.start(), end, part_of(years(year), part["part"]), "year", "year")
    day = _FEAST_LEFT.search(flat, low, start)
    if day is not None:
        return Found(day.start(), end, feast(day["feast"], year), "day", "day")
    era = _AD_LEFT.search(flat, low, start)
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


def with_era(flat: str, match: re.Match[str], anchor: Span | None) -> Found | None:
    """44 BC, 1200-1000 BC, 476 AD."""
    numbers = [int(number) for number in re.findall("[0-9]+", match.group().replace(",", ""))]
    christ = "B" in match.group()
    first, last = (1 - numbers[0], 1 - numbers[-1]) if christ else (numbers[0], numbers[-1])
    if first > last or (not christ and last > LATEST):
        return None
    about = _ABOUT_LEFT.search(flat, max(0, match.start() - 24), match.start())
    span = years(first, last)
    if about is not None:
        return Found(about.start(), match.end(), around(span), "year", "year")
    return Found(*match.span(), span, "year" if first == last else "range", "year")


def after_era(flat: str, match: re.Match[str], anchor: Span | None) -> Found | None:
    """A.D. 79, the year 800, in 476."""
    start, end = match.span()
    number = int(match.group())
    word = word_before(flat, start)
    if (word in ("in", "by") and (number < 100 or flat[end : end + 1] not in ",.;)")) or not number:
        return None
    era = _AD_LEFT.search(flat, max(0, start - 14), start)
    return Found(era.start() if era else start, end, years(number), "year", "year")


def short_year(flat: str, match: re.Match[str], anchor: Span | None) -> Found | None:
    """'85 and the '80s."""
    start, end = match.start() - 1, match.end()
    number = int(match.group()[:2])
    if match.group().endswith("s"):
        return _short_decade(flat, start, end, number, anchor)
    if not _SHORT_LEFT.search(flat, max(0, start - 16), start + 1) or is_quantity(flat, end, number, False):
        return None
    year = year_of_two_digits(number, anchor)
    return _narrowed(flat, start, end, year, word_before(flat, start))


def tens(flat: str, match: re.Match[str], anchor: Span | None) -> Found | None:
    """The 60s, without an apostrophe."""
    return _short_decade(flat, match.start(), match.end(), int(match.group()[:2]), anchor)


def _short_decade(flat: str, start: int, end: int, number: int, anchor: Span | None) -> Found | None:
    left = _DECADE_LEFT.search(flat, max(0, start - 40), start)
    if number % 10 or left is None:
        return None
    first = decade_of(number, anchor)
    span, part = years(first, first + 9), left["the_part"] or left["part"]
    return Found(left.start(), end, part_of(span, part) if part else span, "decade", "decade")
