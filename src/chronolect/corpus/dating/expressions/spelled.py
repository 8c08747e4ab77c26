"""Centuries, decades and years in words: "the late nineteenth century", "the 'thirties", "eighteen sixty-one", "MDCCC"."""

import itertools
import re

from chronolect.corpus.dating.expressions.context import is_quantity, word_before
from chronolect.corpus.dating.expressions.found import Found, century, millennium, years
from chronolect.corpus.dating.expressions.narrowing import narrowed
from chronolect.corpus.dating.expressions.parts import PART, part_of
from chronolect.corpus.dating.expressions.readings import decade_of, turn_of_the_century, year_of_two_digits
from chronolect.corpus.dating.expressions.vocabulary import (
    DECADES,
    MONTHS,
    NUMBERS,
    OF_A_DECADE,
    ONES,
    ORDINAL,
    ORDINALS,
    TEENS,
    TENS,
    YEAR_BEFORE,
)
from chronolect.timeline import Span

_ORDINAL = rf"(?:[0-9]{{1,2}}(?:st|nd|rd|th)|{ORDINAL}|(?-i:[IVX]{{2,6}})(?:th|st|nd|rd)?)"
_CENTURY_LEFT = re.compile(
    rf"(?<![A-Za-z0-9])(?:(?P<part>{PART})[ -]+(?:the )?)?(?P<first>{_ORDINAL})-?(?: [Cc]entury)?"
    rf"(?:(?:,| and| or| to| through| until|/|-|–| –| &)+[ -]*(?:the )?(?:(?P<second_part>{PART})[ -]+(?:the )?)?(?P<second>{_ORDINAL}))?[ -]+$",
    re.IGNORECASE,
)
_ERA_AFTER = re.compile(r",? ?(?:(?P<bc>BCE|BC|B\.C\.E\.|B\.C\.|before Christ)|AD|A\.D\.|CE|C\.E\.)(?![A-Za-z])")
_COUNTED = ("first", "second", "third", "fourth", "fifth")
_OF_OURS = re.compile(r" of (?:our|its|his|her|their|this|American|national|independence|existence)\b")


def centuries(flat: str, start: int, end: int, anchor: Span | None) -> Found | None:
    """A century by its number, two centuries, or a part of one."""
    if flat[end : end + 1].isalpha():
        return None
    left = _CENTURY_LEFT.search(flat, max(0, start - 72), start)
    if left is None:
        return None
    if left["first"].lower() in _COUNTED and (
        _OWNED.search(flat, max(0, left.start() - 12), left.start()) or _OF_OURS.match(flat, end)
    ):
        return None  # "our third century" counts from a founding
    era = _ERA_AFTER.match(flat, end)
    christ = era is not None and era["bc"] is not None
    thousands = flat[start : start + 4].lower() == "mill"
    spans = []
    for ordinal, part in ((left["first"], left["part"]), (left["second"], left["second_part"])):
        if ordinal is not None:
            number = _ordinal(ordinal)
            if not 1 <= number <= (99 if christ else 22):
                return None
            span = millennium(number, christ) if thousands else century(number, christ)
            spans.append(span if part is None else part_of(span, part))
    unit = "millennium" if thousands else "century"
    kind = unit if len(spans) == 1 else "range"
    return Found(left.start(), end if era is None else era.end(), spans[0].hull(*spans), kind, unit)


def short_century(flat: str, match: re.Match[str], anchor: Span | None) -> Found | None:
    """18th c. and 18th cent."""
    unit = match.start() + match.group().lower().index("c")
    return centuries(flat, unit, match.end(), anchor)


def _ordinal(words: str) -> int:
    """The number of an ordinal in words, digits or Roman numerals."""
    if words.lower() in ORDINALS:
        return ORDINALS[words.lower()]
    digits = re.sub("(?:st|nd|rd|th)$", "", words)
    return int(digits) if digits.isdigit() else _roman(digits)


_DECADE_LEFT = re.compile(
    rf"\b(?:(?:[Tt]he )?(?P<part>{PART})[ -](?:the )?|[Tt]he )"
    r"(?:(?P<hundreds>fifteen|sixteen|seventeen|eighteen|nineteen|twenty)[ -])?'?$|"
    r"\b(?P<bare>fifteen|sixteen|seventeen|eighteen|nineteen|twenty)[ -]$",
    re.IGNORECASE,
)
# "The twenties and thirties"
_WORDS_BESIDE = re.compile(rf"(?:{'|'.join(DECADES)})(?:,| and| or| to)+ (?:the )?'?$", re.IGNORECASE)
_WEATHER = re.compile(r"\b(?:[Tt]emperatures?|[Tt]hermometer|[Mm]ercury|degrees|[Hh]umidity)\b[^.!?]*$")
_OWNED = re.compile(r"\b(?:his|her|their|my|your|our|its|high|low|upper|lower)(?: \w+)? $")


def decade_words(flat: str, start: int, end: int, anchor: Span | None) -> Found | None:
    """The eighties; an age ("in his late forties") is none."""
    if flat[end : end + 1].isalnum() or (flat[start - 1 : start] or " ") not in " '-":
        return None
    left = _DECADE_LEFT.search(flat, max(0, start - 48), start)
    if left is None and not (
        (flat[start].isupper() and flat[start - 1 : start] == " ")
        or _WORDS_BESIDE.search(flat, max(0, start - 24), start)
        or OF_A_DECADE.match(flat, end)
    ):
        return None
    begin = start if left is None else left.start()
    if _OWNED.search(flat, max(0, begin - 12), begin):
        return None
    if flat[start - 4 : start] == "the " and _WEATHER.search(flat, max(0, start - 80), start):
        return None
    hundreds, part = (left["hundreds"] or left["bare"], left["part"]) if left else (None, None)
    digits = DECADES[flat[start:end].lower()]
    if hundreds is not None:
        first = NUMBERS[hundreds.lower()] * 100 + digits
    elif digits == 10:
        return None  # "the tens" are of people more often than of years
    else:
        first = decade_of(digits, anchor)
    span = years(first, first + 9)
    return Found(begin, end, part_of(span, part) if part else span, "decade", "decade")


_BELOW_100 = rf"(?:(?:{TENS})(?:[ -](?:{ONES}))?|{TEENS}|{ONES})"
_SPELLED = re.compile(
    rf"(?:(?P<hundreds>fifteen|sixteen|seventeen|eighteen|nineteen|twenty)[ -]"
    rf"(?:hundred(?P<plural>s)?(?:,? (?:and )?(?P<rest>{_BELOW_100}))?"
    rf"|(?P<two>(?:{TENS})(?:[ -](?:{ONES}))?|{TEENS})|(?:oh|o|ought|aught|nought|naught)[ -](?P<ones>{ONES}))"
    rf"|(?P<thousand>one|two) thousand(?:,? (?P<nth>five|six|seven|eight|nine) hundred)?(?:,? (?:and )?(?P<tail>{_BELOW_100}))?"
    r"|(?P<hastings>ten sixty-six))(?![A-Za-z])(?![- ](?:hundred|thousand|million))",
    re.IGNORECASE,
)


def spelled_year(flat: str, start: int, end: int, anchor: Span | None) -> Found | None:
    """Eighteen sixty-one, nineteen hundred and twelve, one thousand eight hundred and forty-two."""
    match = _SPELLED.match(flat, start)
    if match is None or (start and (flat[start - 1].isalnum() or flat[start - 1] == "-")):
        return None
    word = word_before(flat, start)
    strong = word in YEAR_BEFORE or word in MONTHS
    if match["hastings"]:
        year, sure = 1066, True
    elif match["hundreds"]:
        low = match["rest"] or match["two"] or match["ones"]
        year = NUMBERS[match["hundreds"].lower()] * 100 + (_number(low) if low else 0)
        if match["plural"]:
            return Found(start, match.end(), years(year, year + 99), "century", "century") if not low else None
        sure = match["hundreds"].lower() != "twenty" and low is not None
    else:
        hundreds = NUMBERS[match["nth"].lower()] * 100 if match["nth"] else 0
        year = NUMBERS[match["thousand"].lower()] * 1000 + hundreds + (_number(match["tail"]) if match["tail"] else 0)
        sure = match["tail"] is not None
        if not 1500 <= year <= 2099:
            return None
    if not (strong or sure) or year > 2099 or is_quantity(flat, match.end(), year, strong):
        return None
    if sure and not strong and (_counts(flat, match.end()) or _PRICES.search(flat, max(0, start - 80), start)):
        return None
    return narrowed(flat, start, match.end(), year, word)


_PRICES = re.compile(r"\b(?:dollars?|pounds?|price|cost|cents|guineas?|bucks)\b[^\n]*$")


def _counts(flat: str, end: int) -> bool:
    return re.match(r" [a-z]{3,}s\b(?! (?:of|to))", flat[end : end + 24]) is not None


def _number(words: str) -> int:
    return sum(NUMBERS[word] for word in re.split("[- ]", words.lower()))


_ROMAN = re.compile(r"MM?\.?(?:CM|CD|D?C{0,4})\.?(?:XC|XL|L?X{0,4})\.?(?:IX|IV|V?I{0,4})(?![A-Za-z])")
_VALUES = {"I": 1, "V": 5, "X": 10, "L": 50, "C": 100, "D": 500, "M": 1000}


def _roman(letters: str) -> int:
    values = [_VALUES[letter] for letter in letters] + [0]
    return sum(value if value >= following else -value for value, following in itertools.pairwise(values))


def roman_year(flat: str, start: int, end: int, anchor: Span | None) -> Found | None:
    """MDCCCLXXVI, as on title pages; four letters or more, 1400 to 2099."""
    match = _ROMAN.match(flat, start)
    if match is None or (start and flat[start - 1].isalnum()):
        return None
    letters = match.group().replace(".", "")
    year = _roman(letters)
    if len(letters) < 4 or not 1400 <= year <= 2099:
        return None
    return Found(start, match.end(), years(year), "year", "year")


_FISCAL = re.compile(r"FY ?'?([0-9]{4}|[0-9]{2})(?:[-–/]([0-9]{4}|[0-9]{2}))?(?![0-9A-Za-z])")


def fiscal_year(flat: str, start: int, end: int, anchor: Span | None) -> Found | None:
    """FY2013, FY 85: the year that gives it its name."""
    match = _FISCAL.match(flat, start)
    if match is None or (start and flat[start - 1].isalnum()):
        return None
    first, last = (
        int(digits) if len(digits) == 4 else year_of_two_digits(int(digits), anchor)
        for digits in (match[1], match[2] or match[1])
    )
    kind = "year" if first == last else "range"
    return Found(start, match.end(), years(first, last), kind, "year") if first <= last else None


def turn(flat: str, start: int, end: int, anchor: Span | None) -> Found | None:
    """The turn of the century (of the millennium)."""
    if "mill" in flat[start:end]:
        return Found(start, end, years(1990, 2010), "decade", "decade")
    return Found(start, end, turn_of_the_century(anchor), "decade", "decade")
