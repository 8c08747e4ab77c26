"""Numbers that are years, and what is built on them: decades, ranges, "44 BC", "'85"."""

import re

from chronolect.corpus.dating.expressions.context import is_quantity, word_before
from chronolect.corpus.dating.expressions.days import days, unmisread
from chronolect.corpus.dating.expressions.found import Found, around, open_end, years
from chronolect.corpus.dating.expressions.narrowing import ABOUT_LEFT, AD_LEFT, narrowed
from chronolect.corpus.dating.expressions.parts import PART, part_of
from chronolect.corpus.dating.expressions.readings import decade_of, year_of_two_digits
from chronolect.corpus.dating.expressions.vocabulary import (
    ABOUT,
    LABEL,
    MEASURES,
    MONTH,
    MONTHS,
    NOT_BEFORE,
    NOT_BEFORE_CAPITALS,
    OF_A_DECADE,
    YEAR_BEFORE,
)
from chronolect.timeline import Span

# Four bare digits are a year from FIRST to LAST; from EARLIEST and to LATEST only after a word such as "in".
FIRST, LAST = 1700, 2035
EARLIEST, LATEST = 1000, 2199

ERA = r"(?:BCE?|B\.[ ]?C\.?(?:[ ]?E\.)?|b\.c\.(?:e\.)?|bce?|AD|A\.[ ]?D\.|CE|C\.[ ]?E\.|a\.d\.)(?![A-Za-z])"
_DECADE = re.compile(r"'?s(?![A-Za-z0-9])")
_SECOND = re.compile(
    r" ?(?P<sign>[-–—/]) ?(?P<year>[0-9]{4}|'?[0-9]{2}|[0-9])(?P<decade>(?<=[0-9]{3}0)'?s)?(?![0-9A-Za-z%]|[.,:–-][0-9])"
)
_ONGOING = re.compile(
    r" ?[-–—] ?(?:[Pp]resent|now|today|date)\b| ?[-–] ?(?=[);,.]|$)|,? (?:to|through|until|till) (?:the )?present(?: day| time)?\b"
    r"|,? to (?:this day|date)\b|,? (?:onwards?|and (?:after|later|beyond)|or later)\b|,? on(?=[,.;])"
)
_UNCERTAIN = re.compile(r"\?(?=[])–-])")
# What touches a year at its end and says that it is none: letters, a slash, "1939(b)", "1905-C", a sum.
_NO_YEAR = re.compile(r"[A-Za-z/]|\([a-z0-9]\)|-[A-Z]\b| ?[+*×%°]| ?= ?[A-Za-z0-9(]")
_ADDRESS = re.compile(
    r" (?:[NSEW]\.? )?[A-Z][a-z]+ (?:Street|St|Avenue|Ave|Road|Rd|Drive|Dr|Boulevard|Blvd|Lane|Court|Place|Terrace)\b"
)
# "Rooms 1914 to 1918", "nos. 1850, 1851 and 1852": the label holds for all.
_LABELLED = re.compile(
    rf"\b(?:{LABEL})\.? ?(?:[0-9][0-9A-Z]*(?:,| to| and| or| through|-|–| &)+ ?)*"
    r"[0-9]{4}[0-9A-Z]*(?:-[A-Z])?,?(?: to| and| or| through| &)? $",
    re.IGNORECASE,
)
# "one in 2000", "1 to 1850", "the code is 1945".
_NUMBERED = re.compile(
    r"\b(?:(?<![0-9,@] )(?:1|one) (?:in|to)|(?:PIN|code|password|combination|number|extension|total|answer|score) (?:is|was)) $"
)
_EQUALS = re.compile(r"[^= ] ?= ?$")
# Words that are otherwise of amounts.
_YEAR_THOUGH = re.compile(r"\b(?:earlier|later|older) than $|\b(?:until|till|since|from|by) at least $|\bas at $")
_YEAR_BESIDE = re.compile(r"\b(?:late|early|recently|far back|long ago) as $|\b[12][0-9]{3} (?:and|to|or) $")
_UNTIL_BC = re.compile(
    r" (?:and|to|until|or|through) (?:about |around |c\. ?|circa )?([0-9]{1,4}) ?(?:BCE?|B\.C\.(?:E\.)?)(?![A-Za-z])"
)
_ENDED = re.compile(r"[;,.):?!\"”]|$| ?[–—(]| (?:and|or|to) [0-9]{4}")
_PART_LEFT = re.compile(rf"(?:the )?\b(?P<part>{PART})(?: the)?[- ]$")
_DECADE_LEFT = re.compile(
    rf"(?:\b[Tt]he (?P<the_part>{PART})[ -](?:the )?|\b[Tt]he |\b(?P<part>{PART})[ -](?:the )?)'?$"
)
_SHORT_LEFT = re.compile(
    r"(?:\b(?:in|of|since|until|till|from|to|the|by|before|after|during|and|or|early|late|mid|between|summer|spring|winter|autumn"
    rf"|fall|class|circa|{MONTH})\.?,?[ -]|[-–/] ?|^)'$",
    re.IGNORECASE,
)
# "1920s and '30s"
_DECADES_BESIDE = re.compile(r"([0-9]{2})[0-9]0'?s (?:and|or|to|through) (?:the )?(?:early |late |mid-)?$")


def four_digits(flat: str, match: re.Match[str], anchor: Span | None) -> Found | None:
    """A number of four digits, if it is a year."""
    start, end = match.span()
    number = int(match.group())
    word = word_before(flat, start)
    if _is_labelled(flat, start, word):
        return None
    decade = _DECADE.match(flat, end)
    if decade is not None and not (number % 10 and flat[end] == "'"):
        return _decade(flat, start, decade.end(), number)
    second = _SECOND.match(flat, end)
    if second is not None:
        return _pair(flat, start, number, second, word)
    if not EARLIEST <= number <= LATEST or _NO_YEAR.match(flat, end):
        return None
    ancient = _UNTIL_BC.match(flat, end)
    if ancient is not None:
        return _until_bc(start, number, ancient)
    strong = word in YEAR_BEFORE or word in MONTHS or flat[start - 1 : start] == "("
    strong = strong or (
        word in ("as", "and", "to", "or") and _YEAR_BESIDE.search(flat, max(0, start - 14), start) is not None
    )
    if is_quantity(flat, end, number, strong) or _ADDRESS.match(flat, end):
        return None
    if not (strong or FIRST <= number <= LAST or _is_plausible(flat, start, end, number, word)):
        return None
    if _UNCERTAIN.match(flat, end):
        return Found(start, end + 1, around(years(number)), "year", "year")
    ongoing = _ONGOING.match(flat, end)
    if ongoing is not None:
        return Found(start, ongoing.end(), open_end(years(number)), "open", "year")
    return narrowed(flat, start, end, number, word)


def _is_labelled(flat: str, start: int, word: str) -> bool:
    """Whether what stands before a number makes it a label, an amount, or a part of a longer number."""
    if flat[start - 1 : start] in ("-", "–", "—"):
        return not _may_follow_dash(flat, start, word)
    if word in NOT_BEFORE:
        return flat[start - 1] != "(" and _YEAR_THOUGH.search(flat, max(0, start - 18), start) is None
    if word[-1:] == "=":
        return _EQUALS.search(flat, max(0, start - 8), start) is not None
    if word[:1].isdigit() or word in ("to", "and", "or", "through", "&"):
        return (word.isdigit() and len(word) > 2 and flat[start - 2].isdigit()) or bool(
            _LABELLED.search(flat, max(0, start - 48), start)
        )
    if word in ("in", "to", "is", "was") and _NUMBERED.search(flat, max(0, start - 24), start):
        return True
    if word.upper() in NOT_BEFORE_CAPITALS:
        return flat[start - len(word) - 1 : start - 1] == word.upper()
    return word == "of" and _word_before_of(flat, start).lower() in MEASURES


def _may_follow_dash(flat: str, start: int, word: str) -> bool:
    """ "mid-1960s", "pre-1914", "Jul-1969" and a dash between words, but not "B-1850" or "555-1969"."""
    if flat[start - 1] in "–—":
        return not flat[start - 2 : start - 1].isdigit()
    last = word.rstrip("-").rpartition("-")[2]
    return last in ("mid", "pre", "post", "early", "late", "ante") or last in MONTHS


def _word_before_of(flat: str, start: int) -> str:
    words = flat[max(0, start - 30) : start].split()
    return words[-2] if len(words) > 1 else ""


def _is_plausible(flat: str, start: int, end: int, number: int, word: str) -> bool:
    """Whether a number that is rarely a year without a word such as "in" is one: "the comet of 1066", "Editions: 1605;"."""
    if word == "of":
        return bool(_word_before_of(flat, start))
    if number % 50 == 0 or number > LAST:
        return False
    if word in ("the", "a", "an"):
        return number >= 1400
    return word in ABOUT or (number >= 1400 and _ENDED.match(flat, end) is not None) or word.endswith("than")


def _decade(flat: str, start: int, end: int, number: int) -> Found | None:
    """The 1830s; a round hundred is a century, save the 2000s."""
    if number % 10 or not EARLIEST <= number <= LATEST:
        return None
    whole = number % 100 == 0 and number != 2000 and not _DECADES_BESIDE.search(flat, max(0, start - 16), start)
    span, kind = (years(number, number + 99), "century") if whole else (years(number, number + 9), "decade")
    part = _PART_LEFT.search(flat, max(0, start - 40), start)
    if part is not None:
        return Found(part.start("part"), end, part_of(span, part["part"]), kind, kind)
    return Found(start, end, span, kind, kind)


def _pair(flat: str, start: int, first: int, second: re.Match[str], word: str) -> Found | None:
    """1914-18, 1914-1918, 1984/85, 1969-07."""
    digits = second["year"].removeprefix("'")
    last = int(digits)
    if len(digits) == 1:
        if " " in second.group():
            return None
        last += first // 10 * 10
    elif len(digits) == 2:
        if last <= first % 100 and 1 <= last <= 12 and second["sign"] == "-":
            return Found(start, second.end(), days(first, last, 0, 0), "month", "month")
        last += first // 100 * 100
        if last <= first and last + 100 - first <= 20:
            last += 100
    last += 9 if second["decade"] else 0
    strong = word in YEAR_BEFORE or flat[start - 1 : start] == "("
    if (
        not (EARLIEST <= first < last <= LATEST)
        or (first < 1500 and not strong and first % 50 == 0)
        or is_quantity(flat, second.end(), last, strong)
    ):
        return None
    kind = "season" if word == "winter" or flat[max(0, start - 10) : start].lower().endswith("winter of ") else "range"
    about = ABOUT_LEFT.search(flat, max(0, start - 16), start) if word in ("c", "ca", "circa") else None
    if about is not None:
        return Found(about.start(), second.end(), around(years(first, last)), kind, "year")
    return Found(start, second.end(), years(first, last), kind, "year")


def with_era(flat: str, match: re.Match[str], anchor: Span | None) -> Found | None:
    """44 BC, 1200-1000 BC, 476 AD."""
    numbers = [int(number) for number in re.findall("[0-9]+", match.group().replace(",", ""))]
    christ = "B" in match.group().upper()
    size = 10 ** len(str(numbers[-1]))
    if "/" in match.group() and size <= numbers[0]:  # 348/47 BC is 348/347
        numbers[-1] += numbers[0] // size * size
    first, last = (1 - numbers[0], 1 - numbers[-1]) if christ else (numbers[0], numbers[-1])
    if first > last or (not christ and last > LATEST):
        return None
    if first == last:
        return narrowed(flat, match.start(), match.end(), first, word_before(flat, match.start()))
    about = ABOUT_LEFT.search(flat, max(0, match.start() - 24), match.start())
    if about is not None:
        return Found(about.start(), match.end(), around(years(first, last)), "range", "year")
    return Found(*match.span(), years(first, last), "range", "year")


_ELIDED_LEFT = re.compile(
    rf"\b(?:years?|in|of|since|until|from|before|after|{MONTH}|spring|summer|autumn|winter)\.?,? $", re.IGNORECASE
)


def elided_year(flat: str, match: re.Match[str], anchor: Span | None) -> Found | None:
    """18-- and 183-, as novels leave years unsaid."""
    digits = re.match("[0-9]+", match.group()).group()  # type: ignore[union-attr]
    if not _ELIDED_LEFT.search(flat, max(0, match.start() - 14), match.start()):
        return None
    missing = 10 ** (4 - len(digits))
    first = int(digits) * missing
    unit = "century" if missing == 100 else "decade"
    return Found(*match.span(), years(first, first + missing - 1), unit, unit)


def misread_year(flat: str, match: re.Match[str], anchor: Span | None) -> Found | None:
    """A year with letters that a scanner took for digits: 18l5, l9O4."""
    start = match.start() - (match.lastgroup == "misread_one")
    text = flat[start : match.end()]
    year = int(unmisread(text))
    if text.rstrip("l").isdigit() or not 1500 <= year <= LAST:  # "150l." is a sum of pounds
        return None
    word = word_before(flat, start)
    if _is_labelled(flat, start, word) or is_quantity(flat, match.end(), year, word in YEAR_BEFORE):
        return None
    return narrowed(flat, start, match.end(), year, word)


def _until_bc(start: int, first: int, until: re.Match[str]) -> Found | None:
    """Between 1000 and 600 BC."""
    last = int(until[1])
    return Found(start, until.end(), years(1 - first, 1 - last), "range", "year") if first > last > 0 else None


_TO_YEAR = re.compile(r" (?:to|until) (?:c\. |about )?[0-9]{3,4}(?![0-9]|,[0-9])")
_RANGE_AFTER_ERA = re.compile(r" ?[-–] ?([0-9]{1,4})(?![0-9A-Za-z])")
_GOES_ON = re.compile(
    r"[,.;:)]|$| (?:the|he|she|it|they|we|is|was|were|had|his|her|their|its|when|a|an|and|to|by|but|with|under|after|at|on|as"
    r"|who|which|this|that|in|from|until|there|because|for|or)\b"
)


def after_era(flat: str, match: re.Match[str], anchor: Span | None) -> Found | None:
    """A.D. 79, the year 800, in 476."""
    start, end = match.span()
    number = int(match.group())
    era = AD_LEFT.search(flat, max(0, start - 14), start)
    least = 1 if era is not None else 10 if flat[start - 9 : start] == "the year " else 100
    goes_on = _GOES_ON if word_before(flat, start) != "from" else _TO_YEAR
    if number < least or (least == 100 and not goes_on.match(flat, end)):
        return None
    about = ABOUT_LEFT.search(flat, max(0, era.start() - 12), era.start()) if era is not None else None
    if about is not None:
        return Found(about.start(), end, around(years(number)), "year", "year")
    until = _RANGE_AFTER_ERA.match(flat, end) if era is not None else None
    if until is not None and number < int(until[1]) <= LATEST:
        return Found(era.start() if era else start, until.end(), years(number, int(until[1])), "range", "year")
    return Found(era.start() if era else start, end, years(number), "year", "year")


def short_year(flat: str, match: re.Match[str], anchor: Span | None) -> Found | None:
    """'85 and the '80s."""
    start, end = match.start() - 1, match.end()
    number = int(match.group()[:2])
    if match.group().endswith("s"):
        return _short_decade(flat, start, end, number, anchor)
    alone = flat[start - 1 : start] in (" ", "") and flat[end : end + 1] in (",", ".", ";", ":", "?", "!", ")", "—", "")
    if not (alone or _SHORT_LEFT.search(flat, max(0, start - 16), start + 1)) or is_quantity(flat, end, number, False):
        return None
    year = year_of_two_digits(number, anchor)
    return narrowed(flat, start, end, year, word_before(flat, start))


def tens(flat: str, match: re.Match[str], anchor: Span | None) -> Found | None:
    """The 60s, without an apostrophe."""
    return _short_decade(flat, match.start(), match.end(), int(match.group()[:2]), anchor)


def _short_decade(flat: str, start: int, end: int, number: int, anchor: Span | None) -> Found | None:
    if number % 10:
        return None
    beside = _DECADES_BESIDE.search(flat, max(0, start - 16), start)
    if beside is not None:
        first = int(beside[1]) * 100 + number
        return Found(start, end, years(first, first + 9), "decade", "decade")
    left = _DECADE_LEFT.search(flat, max(0, start - 40), start)
    first = decade_of(number, anchor)
    if left is None:
        return Found(start, end, years(first, first + 9), "decade", "decade") if OF_A_DECADE.match(flat, end) else None
    span, part = years(first, first + 9), left["the_part"] or left["part"]
    return Found(left.start(), end, part_of(span, part) if part else span, "decade", "decade")
