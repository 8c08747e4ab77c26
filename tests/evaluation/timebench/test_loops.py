"""Endless repetition: against a slow and literal reading of the published rule, on all short strings, under a time limit."""

import itertools
import random
import signal
from contextlib import contextmanager

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from chronolect.evaluation.timebench.loops import collapse, find_loop

STRONG, SOFT = ".!?\n\r", ",;:-–—… \t()[]{}<>\"'`“”‘’«»"


@contextmanager
def at_most(seconds):
    """A hang is a failure, not a wait."""

    def late(signum, frame):
        raise TimeoutError(f"not done after {seconds} s")

    before = signal.signal(signal.SIGALRM, late)
    signal.alarm(seconds)
    try:
        yield
    finally:
        signal.alarm(0)
        signal.signal(signal.SIGALRM, before)


def needed(length):
    return 12 if length <= 2 else 10 if length <= 4 else 8 if length <= 8 else 6 if length <= 16 else 4


def slow(text):
    """The rule read out loud: the collapsed text, None without a loop, "hangs" where the published loop never ends."""
    if len(text) < 8:
        return None
    tail = text[-8000:]
    first = max(0, len(tail) - 512)
    ends = [place for place in range(first + 1, len(tail) + 1) if tail[place - 1] in STRONG]
    ends += [place for place in range(first + 1, len(tail) + 1) if tail[place - 1] in SOFT]
    if tail[-1] in STRONG or not ends:
        ends.insert(0, len(tail))
    hits = []
    for end in ends:
        for length in range(1, min(2048, end // 4) + 1):
            unit = tail[end - length : end]
            copies = 1
            while (
                end - (copies + 1) * length >= 0 and tail[end - (copies + 1) * length : end - copies * length] == unit
            ):
                copies += 1
            if copies >= needed(length) and unit.strip():
                rest = tail[end:]
                fits = unit.startswith(rest)
                key = (copies * length, fits, len(rest) if fits else -len(rest), copies, -length)
                hits.append((key, end, unit))
    if not hits:
        return None
    key, end, unit = max(hits)
    prefix = text[: len(text) - len(tail) + end - key[0]]
    while True:
        place = prefix.find(unit)
        if place < 0 and abs(len(prefix) - 2 * len(unit) - place) >= 4:
            return prefix + unit
        if not prefix[:place] and not prefix:
            return "hangs"
        prefix = prefix[:place]


def agree(text):
    expected = slow(text)
    found = collapse(text)
    if expected == "hangs":
        assert len(found) <= 2, text  # the unit alone is left
    else:
        assert found == expected, text
    return expected


def test_all_short_strings():
    with at_most(60):
        for length in range(9):
            for letters in itertools.product("a. ", repeat=length):
                assert collapse("".join(letters)) is None  # the least loop has twelve characters


def test_all_short_loops():
    """Each unit of up to three characters, repeated, behind each short beginning and before each short rest."""
    short = ["".join(letters) for n in range(3) for letters in itertools.product("a. ", repeat=n)]
    units = ["".join(letters) for n in range(1, 4) for letters in itertools.product("a. ", repeat=n)]
    hung = 0
    with at_most(60):
        for unit, copies in itertools.product(units, (9, 12)):
            for before, after in itertools.product(short, short[:4]):
                hung += agree(before + unit * copies + after) == "hangs"
    assert hung > 20  # the guard is there for something


@settings(max_examples=150, deadline=None)
@given(
    st.text("ab. \n*é", max_size=40),
    st.text("abc. |", min_size=1, max_size=40),
    st.integers(3, 14),
    st.text("ab. ", max_size=12),
)
def test_random_loops(before, unit, copies, after):
    agree(before + unit * copies + after)


def test_long_texts():
    rng = random.Random(5)
    for unit_length in (20, 173, 174, 2000):
        words = "".join(rng.choice("abcdefg ,.") for _ in range(unit_length))
        noise = "".join(rng.choice("abcdefg ,.") for _ in range(1500))
        for copies, after in ((3, ""), (4, ""), (5, words[: unit_length // 3]), (4, "!"), (6, "x" * 600)):
            if unit_length == 2000 and copies > 4:
                continue
            text = noise + words * copies + after
            assert (find_loop(text) is None) == (slow(text) is None)
            agree(text)


def test_only_the_end_is_looked_at():
    other = " ".join(map(str, range(200)))
    assert collapse("So it goes on. " * 500) is not None
    assert collapse("So it goes on. " * 500 + other) is None
    assert collapse(other + "A" * 20_000) == other + "A"


@pytest.mark.parametrize(
    ("text", "left"),
    [
        ("a" * 12, "a"),
        ("a" * 11, None),
        ("Start: " + "\n" * 40, None),  # nothing but white space
        ("It is late. " * 40, "It is late. "),
        ("<think>\nOne.\n</think>\n" + "Two steps forward. " * 6, "<think>\nOne.\n</think>\nTwo steps forward. "),
        (
            "He took two steps. Then he rested. " + "two steps. " * 9,
            "He took two steps.",
        ),  # cut at the first copy of all
    ],
)
def test_what_is_left(text, left):
    assert collapse(text) == left


def test_lone_surrogates_are_characters():
    assert collapse("\ud800 no, " * 20) is not None
