"""Text as it is compared: lower case, straight quotes, no emphasis, numbers in digits; and whether a phrase is said of a thing or denied."""

import calendar
import re
from collections.abc import Callable, Sequence
from functools import cache
from typing import Protocol, TypeVar

# fmt: off
_ONES = {word: value for value, word in enumerate((
    "zero", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten", "eleven", "twelve", "thirteen", "fourteen",
    "fifteen", "sixteen", "seventeen", "eighteen", "nineteen",
))}
_TENS = {word: 10 * value for value, word in enumerate(
    ("twenty", "thirty", "forty", "fifty", "sixty", "seventy", "eighty", "ninety"), start=2
)}
# fmt: on
_SCALES = {"dozen": 12, "hundred": 100, "thousand": 1_000, "million": 1_000_000}
_IRREGULAR = {"one": "first", "two": "second", "three": "third", "five": "fifth", "eight": "eighth", "nine": "ninth"}
_ORDINALS = {
    "twelfth": 12,
    **{_IRREGULAR.get(word, f"{word}th"): value for word, value in _ONES.items() if word != "twelve"},
    **{f"{word[:-1]}ieth": value for word, value in _TENS.items()},
}
del _ORDINALS["second"]  # far more often the unit; read as an ordinal only beside a month and in "twenty-second"
_VALUES = {**_ONES, **_TENS, **_ORDINALS}

MONTHS = {name.lower(): number for number, name in enumerate(calendar.month_name) if name}
MONTH = "|".join((*MONTHS, *(f"{name[:3]}" for name in MONTHS if name != "may"), "sept"))

_WORD = "|".join(sorted((*_ONES, *_TENS, *_SCALES, *_ORDINALS), key=len, reverse=True))
_RUN = re.compile(
    rf"\b(?:an? (?=(?:hundred|thousand|dozen)\b))?(?:{_WORD})\b"
    rf"(?:(?:[ -]|(?<=hundred) and |(?<=thousand) and )(?:{_WORD})\b)*"
)
_SCALED = re.compile(r"\b(\d+(?:\.\d+)?) (dozen|hundred|thousand|million)\b")
_SECOND_DAY = re.compile(rf"\bsecond(?=,? (?:day )?of (?:{MONTH})\b)|(?<=twenty-)second\b(?!s)")
_MONTH_SECOND = re.compile(rf"\b((?:{MONTH}) (?:the )?)second\b")

_STRAIGHT = str.maketrans(
    {"’": "'", "‘": "'", "“": '"', "”": '"', "–": "-", "—": " - ", "−": "-", "‑": "-", "\xa0": " ", "\u202f": " "}
)
_GLUED = re.compile(r"(?<=\d[dhm])(?=\d+[hms]\b)")  # 3h20m
_MARKUP = re.compile(r"[*`_]+|^#+ ", re.MULTILINE)


def spoken(text: str) -> str:
    """A text as it is compared: lower case, straight quotes, no emphasis, numbers and ordinals in digits, line breaks kept.

    >>> spoken("It’s been **twenty-one** days — since the *fifth* of March.")
    "it's been 21 days - since the 5th of march."
    >>> spoken("a hundred and five hours, or 1½ days, at 2 p.m. in nineteen ninety-nine")
    '105 hours, or 1.5 days, at 2 pm in 1999'
    """
    text = _MARKUP.sub("", text.translate(_STRAIGHT)).lower()
    text = re.sub(r"(\d)½", r"\1.5", text).replace("½", "half")
    text = re.sub(r"\b([ap])\. ?m\b\.?", r"\1m", text)
    text = re.sub(r"(?<=\d),(?=\d{3}\b)", "", text)
    text = _GLUED.sub(" ", re.sub(r"[ \t]+", " ", text))
    text = _SCALED.sub(lambda found: f"{float(found[1]) * _SCALES[found[2]]:g}", text)
    text = _SECOND_DAY.sub("2nd", _MONTH_SECOND.sub(r"\g<1>2nd", text)).replace("twenty-2nd", "22nd")
    return _RUN.sub(lambda found: _digits(found[0]), text)


def _digits(run: str) -> str:
    """The number words of one run as digits: one number, or several where they do not go together ("three four")."""
    numbers: list[str] = []
    total, current = 0, 0
    words = [word for word in re.split(r"[ -]", run) if word not in ("a", "an", "and")]
    for word, following in zip(words, [*words[1:], ""], strict=True):
        if word in _SCALES:
            current = max(current, 1) * _SCALES[word]
            if current >= 1_000:
                total, current = total + current, 0
        else:
            current += _VALUES[word]
        goes_on = word not in _ORDINALS and (
            following in _SCALES or word in _SCALES or (word in _TENS and 0 < _VALUES.get(following, 0) < 10)
        )
        if not (following and goes_on):
            value = total + current
            numbers.append(f"{value}{ordinal_ending(value)}" if word in _ORDINALS else str(value))
            total, current = 0, 0
    if len(numbers) == 2 and numbers[0] in ("18", "19", "20") and re.fullmatch("[1-9][0-9]", numbers[1]):
        return "".join(numbers)  # a year in pairs
    return " ".join(numbers)


def ordinal_ending(value: int) -> str:
    """ "st", "nd", "rd" or "th"."""
    return "th" if value % 100 in (11, 12, 13) else {1: "st", 2: "nd", 3: "rd"}.get(value % 10, "th")


_BORDER = re.compile(r"[.;:!?,()\n]| - |\b(?:but|because|although|though|since|and)\b")
_DENIAL = re.compile(
    r"\b(?:not(?! only\b)|never|no(?! (?:doubt|question|wonder)\b)|nobody|nothing|neither|nor|without|hardly|cannot)\b|n't\b(?! worry\b)"
    r"|\b(?:instead of|rather than|if|whether|unless)\b"
)
_REACH_CHARS = 100
_REACH_WORDS = 4  # between the denial and what it denies


def is_denied(text: str, start: int) -> bool:
    """Whether what begins at `start` is denied or only supposed: "not", "never", "if" a few words before it in its clause.

    Args:
        text: A text as `spoken` gives it.
        start: A place in it, in characters.

    >>> text = spoken("You haven't missed it, but Ana missed hers.")
    >>> [is_denied(text, found.start()) for found in re.finditer("missed", text)]
    [True, False]
    """
    clause = _BORDER.split(text[max(0, start - _REACH_CHARS) : start])[-1]
    denials = list(_DENIAL.finditer(clause))
    return bool(denials) and len(clause[denials[-1].end() :].split()) <= _REACH_WORDS


def says(text: str, phrase: str) -> bool:
    """Whether a phrase is said, and not denied, in whole words; spaces and hyphens are the same, a star stands for the end of a word.

    Args:
        text: A text as `spoken` gives it.
        phrase: A word or a few, such as "still open" or "hurr*".

    >>> says(spoken("The deadline has not passed."), "passed"), says(spoken("Yes, it has passed."), "has passed")
    (False, True)
    >>> says(spoken("A two-day sale."), "2 day"), says(spoken("We are hurrying."), "hurr*")
    (True, True)
    """
    expression, denies = _pattern(phrase)
    return any(denies or not is_denied(text, found.start()) for found in expression.finditer(text))


def mentions(text: str, phrase: str) -> bool:
    """Whether a phrase is said, denied or not; otherwise as `says`.

    >>> mentions(spoken("It is no Monday."), "monday"), says(spoken("It is no Monday."), "monday")
    (True, False)
    """
    return _pattern(phrase)[0].search(text) is not None


@cache
def _pattern(phrase: str) -> tuple[re.Pattern[str], bool]:
    """How a phrase is found, and whether it is a denial itself, which no "not" before it is needed to undo."""
    wanted = spoken(phrase.replace("*", "\0")).strip()
    words = [re.escape(word).replace("\0", r"\w*") for word in re.split(r"[\s-]+", wanted)]
    joined = r"[\s-]*".join(words)
    return re.compile(rf"(?<!\w){joined}(?!\w)"), _DENIAL.search(wanted) is not None


class Found(Protocol):
    """Something found in a text, such as a duration or a date."""

    @property
    def start(self) -> int:
        """Where it begins, in characters."""

    @property
    def end(self) -> int:
        """Where it ends."""


AnyFound = TypeVar("AnyFound", bound=Found)
_LISTED = re.compile(r"[\s,;/.!?]*(?:(?:or|and|maybe|perhaps|possibly|then|about|even|around|also)\b[\s,]*)*")
_NOT_THIS = re.compile(
    r"(?:\bnot|n't|\bnever|\binstead of|\brather than|\bunlike)"
    r"(?: (?:been|be|quite|exactly|just|actually|really|only|it|lasted|last|taken|take|about|yet|even|on|at|a|the|this|\w+day,?))* $"
)


def is_stated(text: str, found: Sequence[AnyFound], fits: Callable[[AnyFound], bool]) -> bool:
    """Whether one of the things found in a text fits, is not denied ("not on Monday"), and does not stand in a row with two that do not fit.

    Args:
        text: A text as `spoken` gives it.
        found: Things of one sort found in it, in order.
        fits: Whether a thing is the one that is asked for.
    """
    return any(
        fits(one)
        and not _NOT_THIS.search(text[max(0, one.start - 40) : one.start])
        and sum(not fits(other) for other in _row(text, found, place)) < 2
        for place, one in enumerate(found)
    )


def _row(text: str, found: Sequence[AnyFound], place: int) -> Sequence[AnyFound]:
    """The things that stand in one row with that at `place`: nothing but commas, "or", "and" and "maybe" between them."""
    first = last = place
    while first and _LISTED.fullmatch(text[found[first - 1].end : found[first].start]):
        first -= 1
    while last + 1 < len(found) and _LISTED.fullmatch(text[found[last].end : found[last + 1].start]):
        last += 1
    return found[first : last + 1]
