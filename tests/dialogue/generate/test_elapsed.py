"""Lengths of time, computed again from the stamps by other means."""

import itertools
from datetime import date, datetime, timedelta

import pytest

from chronolect.dialogue.checks import Check, judge
from chronolect.dialogue.generate.elapsed import age, elapsed
from chronolect.dialogue.generate.moments import duration_words, random_moment
from chronolect.dialogue.generate.record import draws
from chronolect.dialogue.generate.spans import SCALES, later_by, length_between
from chronolect.dialogue.messages import read_timed


def test_elapsed_is_the_difference_of_the_stamps() -> None:
    scales = set()
    for draw in itertools.islice(draws(0, "elapsed"), 300):
        facts = elapsed(draw).facts
        scales.add(facts["scale"])
        there, back = (datetime.fromisoformat(facts[key]) for key in ("from", "to"))
        assert (back - there).total_seconds() == facts["seconds"] > 0
    assert scales == set(SCALES)


def test_age_counts_birthdays() -> None:
    for draw in itertools.islice(draws(0, "age"), 300):
        dialogue = age(draw)
        stamp = read_timed(dialogue.messages[0]).stamp
        assert stamp is not None
        assert stamp.moment is not None
        born, today = date.fromisoformat(dialogue.facts["born"]), stamp.moment.date()
        birthdays = sum(born.replace(year=year) <= today for year in range(born.year + 1, today.year + 1))
        assert dialogue.facts["age"] == birthdays


@pytest.mark.parametrize("scale", SCALES)
def test_the_words_of_a_length_mean_it(scale) -> None:
    for draw in itertools.islice(draws(1, scale), 200):
        earlier = random_moment(draw.rng)
        earlier = earlier.replace(day=min(earlier.day, 28))
        length = length_between(earlier, later_by(draw.rng, earlier, scale))
        assert judge(f"It is {length.words}.", Check(duration_s=length.seconds)).passed, length
        assert length.steps.lower().endswith(f"{length.words}.")


def test_lengths_that_are_not_whole_are_said_well_enough() -> None:
    for draw in itertools.islice(draws(2, "any"), 500):
        earlier = random_moment(draw.rng)
        later = earlier + timedelta(minutes=round(10 ** draw.rng.uniform(0.5, 6.5)))
        length = length_between(earlier, later)
        assert judge(f"It is {length.words}.", Check(duration_s=length.seconds)).passed, (earlier, later, length)


@pytest.mark.parametrize(
    ("seconds", "words"),
    [(30, "30 seconds"), (3_600, "1 hour"), (90_000, "1 day and 1 hour"), (14 * 86_400, "2 weeks"), (0, "0 seconds")],
)
def test_durations_in_words(seconds: float, words: str) -> None:
    assert duration_words(seconds) == words
