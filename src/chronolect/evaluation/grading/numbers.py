"""Numbers in words, ordinals and Roman numerals, all as digits."""

import re
from collections.abc import Iterator, Sequence

_ONES = {
    name: value
    for value, name in enumerate(
        [
            "zero",
            "one",
            "two",
            "three",
            "four",
            "five",
            "six",
            "seven",
            "eight",
            "nine",
            "ten",
            "eleven",
            "twelve",
            "thirteen",
            "fourteen",
            "fifteen",
            "sixteen",
            "seventeen",
            "eighteen",
            "nineteen",
        ]
    )
}
_TENS = {
    name: 10 * value
    for value, name in enumerate(
        ["twenty", "thirty", "forty", "fifty", "sixty", "seventy", "eighty", "ninety"], start=2
    )
}
_SCALES = {
    "dozen": 12,
    "hundred": 100,
    "thousand": 1_000,
    "million": 1_000_000,
    "billion": 1_000_000_000,
    "trillion": 10**12,
}
_ORDINALS = {
    "first": 1, "second": 2, "third": 3, "fifth": 5, "eighth": 8, "ninth": 9, "twelfth": 12,
    **{f"{name}th": value for name, value in _ONES.items() if name not in ("one", "two", "three", "five", "eight", "nine", "twelve")},
    **{f"{name[:-1]}ieth": value for name, value in _TENS.items()},
    "hundredth": 100, "thousandth": 1000, "fortieth": 40,
}  # fmt: skip
_SUFFIX = ("st", "nd", "rd", "th", "d")
_ROMAN = re.compile(r"(?=[IVXLC]{2,}$|[VX]$)(?:XC|XL|L?X{0,3})(?:IX|IV|V?I{0,3})")
_SMALL_ROMAN = frozenset(["ii", "iii", "iv", "vi", "vii", "viii", "ix", "xi", "xii", "xiii", "xiv", "xv", "xvi"])
_ROMAN_VALUES = {"I": 1, "V": 5, "X": 10, "L": 50, "C": 100}


def read_numbers(words: Sequence[str]) -> Iterator[tuple[str, int, int]]:
    """Each word in lower case with its first and last place; words that together are one number come as its digits.

    "twenty-one" and "XXI" are 21, "twenty-first" and "21ST" are 21st, "two million" is 2000000, "nineteen sixty-nine" is 1969.
    "I" stays a letter, for it is mostly a pronoun.
    """
    place = 0
    while place < len(words):
        word = words[place]
        lower = [one.lower() for one in words[place : place + 3]]
        if lower[:2] == ["half", "a"] and lower[2:] and lower[2] in _SCALES:
            yield str(_SCALES[lower[2]] // 2), place, place + 2
            place += 3
            continue
        if word.isdigit() or _decimal(word):
            yield _with_digits(words, place)
            place = _end_of_digits(words, place) + 1
            continue
        value, last = _spelled(words, place)
        if value is not None:
            ordinal = words[last].lower() in _ORDINALS
            yield f"{value}{_ending(value) if ordinal else ''}", place, last
            place = last + 1
            continue
        roman = _ROMAN.fullmatch(word.upper() if word in _SMALL_ROMAN else word)
        yield str(_roman(word.upper())) if roman else word.lower(), place, place
        place += 1


def _decimal(word: str) -> bool:
    return word[0].isdigit() and word.replace(".", "", 1).isdigit()


def _end_of_digits(words: Sequence[str], place: int) -> int:
    following = words[place + 1].lower() if place + 1 < len(words) else ""
    return place + (following in _SUFFIX or (following in _SCALES))


def _with_digits(words: Sequence[str], place: int) -> tuple[str, int, int]:
    last = _end_of_digits(words, place)
    value = float(words[place]) * (_SCALES.get(words[last].lower(), 1) if last > place else 1)
    ending = _ending(int(value)) if last > place and words[last].lower() in _SUFFIX else ""
    return (f"{value:.0f}{ending}" if value.is_integer() else f"{value:g}"), place, last


def _ending(value: int) -> str:
    return "th" if value % 100 in (11, 12, 13) else {1: "st", 2: "nd", 3: "rd"}.get(value % 10, "th")


def _spelled(words: Sequence[str], start: int) -> tuple[int | None, int]:
    """The number spelled from `start` on and its last place; None where there is none."""
    total, current, place, last, pairs = 0, 0, start, start, False
    found = False
    while place < len(words):
        word = words[place].lower()
        if word in _ONES or word in _TENS or word in _ORDINALS:
            value = _ONES.get(word, _TENS.get(word, _ORDINALS.get(word, 0)))
            fits = not found or current % 100 == 0 or (current % 10 == 0 and current % 100 >= 20 and 0 < value < 10)
            if not fits:
                # "nineteen sixty-nine", "eighteen twelve"
                if not pairs and total == 0 and 10 <= current <= 20 and 10 <= value <= 99:
                    current, pairs = current * 100 + value, True
                else:
                    break
            else:
                current += value
            found, last = True, place
            if word in _ORDINALS:
                place += 1
                break
        elif word in _SCALES:
            scale = _SCALES[word]
            current = max(current, 1) if not found else current
            found = True
            if scale <= 100:
                current *= scale
            else:
                total, current = total + current * scale, 0
            last = place
        elif not (word == "and" and found and place + 1 < len(words) and _continues(words, place)):
            break
        place += 1
    return (total + current if found else None), last


def _continues(words: Sequence[str], place: int) -> bool:
    """Whether the "and" at `place` is that of "two hundred and six"."""
    following = words[place + 1].lower()
    return words[place - 1].lower() in _SCALES and (following in _ONES or following in _TENS or following in _ORDINALS)


def _roman(word: str) -> int:
    values = [_ROMAN_VALUES[letter] for letter in word]
    return sum(-value if value < after else value for value, after in zip(values, [*values[1:], 0], strict=True))
