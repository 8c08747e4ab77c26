"""Expressions written with digits: one pattern finds the places, the readers decide."""

import re
from collections.abc import Callable, Iterator

from chronolect.corpus.dating.expressions.days import day_of_month, iso_day, month_and_day, roman_month_day, slashed_day
from chronolect.corpus.dating.expressions.found import Found, Yearless
from chronolect.corpus.dating.expressions.spelled import short_century
from chronolect.corpus.dating.expressions.vocabulary import MONTH
from chronolect.corpus.dating.expressions.years import (
    ERA,
    after_era,
    elided_year,
    four_digits,
    misread_year,
    short_year,
    tens,
    with_era,
)
from chronolect.timeline import Span

_DAY_PAIR = r"(?:(?:[-–/]|[ ](?:and|to|or|&|–|-)[ ])[0-9]{1,2}(?:st|nd|rd|th|d)?)?"
_CLOCK = r"(?:[ ][0-9]{1,2}:[0-9]{2}(?::[0-9]{2})?(?:[ ][A-Z]{3,4})?(?=[ ][12][0-9]{3}))?"
# Every alternative begins with a digit, so that `re` skips from digit to digit at memory speed; that no letter, digit, sign
# or decimal point touches it is asked after the digit.
_NUMERAL = re.compile(
    rf"""[0-9](?:(?<![\w$£€¥#@/+*%^~\\|][0-9])(?<![0-9][.,:][0-9])(?:
      (?P<iso>[0-9]{{3}}([-/.:])(?:0[1-9]|1[0-2])\2(?:0[1-9]|[12][0-9]|3[01])(?![0-9]))
    | (?P<slashed>[0-9]?(?:/[0-9]{{1,2}}/(?:[12][0-9]{{3}}|[0-9]{{2}})|([.-])[0-9]{{1,2}}\4[12][0-9]{{3}}
        |\.[0-9]{{1,2}}\.[0-9]{{2}}(?!\.[0-9]))(?![0-9/]))
    | (?P<roman>[0-9]?([./ -])[ ]?(?:[ivx]{{1,4}}|[IVX]{{1,4}})\6[ ]?(?:[12][0-9]{{3}}|[0-9]{{2}})(?![0-9A-Za-z]))
    | (?P<era>[0-9]{{0,3}}(?:,[0-9]{{3}})?
        (?:(?:[ ]?[-–/][ ]?|[ ](?:and|to|or|until)[ ](?:about[ ]|c\.[ ]|in[ ]|again[ ]in[ ])?)[0-9]{{1,4}})?[ ]?{ERA})
    | (?P<elided>[5-9][0-9]?(?:—|–(?![0-9])|--+|-(?=[.,;])|_+)(?![A-Za-z0-9]))
    | (?P<year>[0-9]{{3}}(?![0-9]|,[0-9]{{3}}|[.:][0-9]))
    | (?P<misread>[0-9OIl]{{3}}(?![\w]|[.,:][0-9]))
    | (?P<day>[0-9]?(?:st|nd|rd|th|d)?{_DAY_PAIR}(?:[ ]day)?(?:[ ]of)?(?:,?[ ]|-|/)(?:{MONTH})(?![A-Za-z]))
    | (?P<after_month>(?:(?<=(?:ary|rch|ril|May|une|uly|ust|ber|ARY|RCH|RIL|MAY|UNE|ULY|UST|BER)[ ][0-9])
        |(?<=(?:Jan|Feb|Mar|Apr|Jun|Jul|Aug|Sep|ept|Oct|Nov|Dec)[ ][0-9])
        |(?<=(?:Jan|Feb|Mar|Apr|Jun|Jul|Aug|Sep|ept|Oct|Nov|Dec)\.[ ][0-9])
        |(?<=(?:ary|rch|ril|May|une|uly|ust|ber)[ ]the[ ][0-9]))
        [0-9]?(?:st|nd|rd|th|d)?{_DAY_PAIR}{_CLOCK}(?![0-9A-Za-z]|[.:][0-9]))
    | (?P<century>[0-9]?(?:st|nd|rd|th)[ -]?(?:c\.|cent\.|C\.?(?![A-Za-z])))
    | (?P<short>(?<='[0-9])[0-9](?:'?s)?(?![A-Za-z0-9%]))
    | (?P<tens>0'?s(?![A-Za-z0-9]))
    | (?P<early>(?:(?<=A\.D\.[ ][0-9])|(?<=(?:AD|CE)[ ][0-9])|(?<=[Yy]ear[ ][0-9])|(?<=[Aa]nno[ ][0-9])
        |(?<=(?:in|In|by|By)[ ][0-9])|(?<=(?:[Uu]ntil|[Ss]ince|[Aa]fter)[ ][0-9])|(?<=[Bb]efore[ ][0-9])
        |(?<=[Ff]rom[ ][0-9]))[0-9]{{0,2}}(?![0-9A-Za-z]|[.,:][0-9]))
    ) | (?<=[ (][lI][0-9])(?P<misread_one>[0-9OIl]{{2}}(?![\w]|[.,:][0-9])))""",
    re.VERBOSE,
)
_READERS: dict[str, Callable[[str, re.Match[str], Span | None], Found | Yearless | None]] = {
    "iso": iso_day,
    "slashed": slashed_day,
    "roman": roman_month_day,
    "era": with_era,
    "elided": elided_year,
    "year": four_digits,
    "misread": misread_year,
    "misread_one": misread_year,
    "day": day_of_month,
    "after_month": month_and_day,
    "century": short_century,
    "short": short_year,
    "tens": tens,
    "early": after_era,
}


def numerals(flat: str, anchor: Span | None) -> Iterator[Found | Yearless]:
    """The expressions that hold digits, in order. `flat` has spaces for line breaks and straight apostrophes."""
    reached = 0
    for match in _NUMERAL.finditer(flat):
        if match.start() >= reached:
            found = _READERS[match.lastgroup or ""](flat, match, anchor)
            if found is not None:
                yield found
                reached = found.end
