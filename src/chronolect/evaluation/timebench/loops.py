"""Endless repetition: does a reply end in copies of the same piece of text, over and over?

The rule is TIMEBench's (arXiv 2601.05300): which copies count, which of several loops is taken, and what is left of the text, with one
difference: where the published rule goes on for ever, this one ends.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np

_TAIL = 8_000  # characters at the end of a text that are looked at
_NEAR_END = 512  # a loop ends within so many of the last characters
_SHORTEST_TEXT = 8
_LONGEST_UNIT = 2_048
_FEWEST_COPIES = 4
_COPIES = ((2, 12), (4, 10), (8, 8), (16, 6), (_LONGEST_UNIT, _FEWEST_COPIES))  # of units up to so long, so many
_STRONG = ".!?\n\r"
_SOFT = ",;:-–—… \t()[]{}<>\"'`“”‘’«»"
_WINDOW = 8  # characters at which long units are tried first

Codes = np.ndarray[Any, np.dtype[np.uint32]]


@dataclass(frozen=True)
class Loop:
    """A piece of text that is repeated at the end of another.

    Attributes:
        unit: What is repeated.
        start: Place of the first copy that was counted, in characters.
        end: Place behind the last whole copy.
        copies: How many there are.
    """

    unit: str
    start: int
    end: int
    copies: int


def find_loop(text: str) -> Loop | None:
    """The loop at the end of `text`: of all, the one that takes up most of it; None where there is none.

    It ends behind punctuation or a space within the last 512 characters. Among loops of one length those come first behind which nothing but the
    beginning of the next copy stands. The time is bounded, however long the text.

    >>> find_loop("Well then: " + "no. " * 10)
    Loop(unit=' no.', start=10, end=50, copies=10)
    >>> find_loop("Well then: " + "no. " * 9) is None
    True
    """
    tail = text[-_TAIL:]
    length = len(tail)
    if length < _SHORTEST_TEXT:
        return None
    codes = np.frombuffer(tail.encode("utf-32-le", "surrogatepass"), np.uint32)
    inked = np.cumsum([0, *(not character.isspace() for character in tail)])
    ends = _ends(tail)
    best: tuple[int, ...] = ()
    for unit in _units(codes):
        # Up to `end`, the text repeats itself at the distance `unit` as far back as behind the last place that differs.
        differing = np.concatenate([[unit - 1], np.flatnonzero(codes[unit:] != codes[:-unit]) + unit])
        fitting = ends[ends >= _FEWEST_COPIES * unit]
        before = np.searchsorted(differing, fitting)
        copies = (fitting - 1 - differing[before - 1]) // unit + 1
        needed = next(number for longest, number in _COPIES if unit <= longest)
        hit = (copies >= needed) & (inked[fitting] > inked[fitting - unit])
        if not hit.any():
            continue
        fitting, before, copies = fitting[hit], before[hit], copies[hit]
        rest = length - fitting
        begins_next = (before == len(differing)) & (rest <= unit)
        preferred = np.where(begins_next, rest, -rest)
        first = np.lexsort((preferred, begins_next, copies))[-1]
        key = (copies[first] * unit, begins_next[first], preferred[first], copies[first], -unit, fitting[first])
        best = max(best, tuple(map(int, key)))
    if not best:
        return None
    total, _, _, number, minus_unit, end = best
    offset = len(text) - length
    return Loop(tail[end + minus_unit : end], offset + end - total, offset + end, number)


def collapse(text: str) -> str | None:
    """The text with its loop reduced to one copy, and nothing behind it; None where it has no loop.

    What stands before the loop ends, as in the published rule, where the unit is found in it for the first time; and where it is not found, but about
    twice as long as the unit, what stands before loses its last characters. There the published rule never ends for units of one or
    two characters, of which this one leaves nothing.

    >>> collapse("It went on like this: " + "no. " * 10)
    'It went on like this: no.'
    """
    loop = find_loop(text)
    if loop is None:
        return None
    before = text[: loop.start]
    if (found := before.find(loop.unit)) >= 0:
        before = before[:found]
    twice = 2 * len(loop.unit)
    if twice - 4 <= len(before) <= twice + 2:
        before = before[: max(0, twice - 5)]
    return before + loop.unit


def _ends(tail: str) -> Any:
    """Places where a loop may end, ascending: (n,)."""
    first = max(0, len(tail) - _NEAR_END)
    marks = set(_STRONG + _SOFT)
    found = [place for place in range(first + 1, len(tail) + 1) if tail[place - 1] in marks]
    return np.array(found or [len(tail)])


def _units(codes: Codes) -> Iterator[int]:
    """Lengths of units that can fill the tail; long ones only where the text repeats itself at that distance just before the first end.

    A long unit's copies reach back behind all the ends, so that a few characters there tell most lengths apart from those.
    """
    length = len(codes)
    longest = min(_LONGEST_UNIT, length // _FEWEST_COPIES)
    short = (_NEAR_END + _WINDOW) // (_FEWEST_COPIES - 1)
    yield from range(1, min(short, longest) + 1)
    units = np.arange(short + 1, longest + 1)
    if len(units):
        places = np.arange(length - _NEAR_END - _WINDOW, length - _NEAR_END)[:, None]
        yield from units[(codes[places] == codes[places - units]).all(axis=0)].tolist()
