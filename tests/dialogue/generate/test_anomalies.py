"""Stamps at odds with each other: what is wrong is noticed, what is in order is left alone."""

from collections import Counter
from datetime import datetime
from itertools import islice

import pytest

from chronolect.dialogue.checks import judge
from chronolect.dialogue.generate.anomalies import MAKERS
from chronolect.dialogue.generate.record import Dialogue, draws
from chronolect.dialogue.stamps import Stamp

MANY = 600
BY_SIDE = {
    "backwards": "This message is dated before your last one.",
    "same time": "Both messages have the same time.",
    "leap": "That is a huge jump: {years} years have passed.",
}


def made(kind: str, *, unseen: bool = False) -> list[Dialogue]:
    return [MAKERS[kind](draw) for draw in islice(draws(7, kind, unseen=unseen), MANY)]


@pytest.mark.parametrize("kind", MAKERS)
@pytest.mark.parametrize("unseen", [False, True])
def test_last_replies_do_what_is_asked(kind, unseen):
    for dialogue in made(kind, unseen=unseen):
        ruling = judge(dialogue.messages[-1]["content"], dialogue.check)
        assert ruling.passed, (ruling.reason, dialogue.messages)


def test_the_side_is_what_the_stamps_say():
    counts = Counter()
    for dialogue in made("anomaly"):
        first, second = (datetime.fromisoformat(dialogue.facts[key]) for key in ("first", "second"))
        side = dialogue.facts["side"]
        counts[side] += 1
        years = (second - first).days / 365.25
        expected = (
            "backwards" if second < first else "same time" if second == first else "leap" if years > 29 else "in order"
        )
        assert side == expected
        for other, words in BY_SIDE.items():
            said = words.format(years=second.year - first.year if other == side else 999)
            assert judge(said, dialogue.check).passed == (other == side), (side, other)
        plain = dialogue.messages[-1]["content"] if side == "in order" else "I like to hear about kites."
        assert judge(plain, dialogue.check).passed == (side == "in order")
        assert not judge("Hello.", dialogue.check).passed
    assert 0.4 < counts["in order"] / MANY < 0.6
    assert min(counts.values()) > MANY / 16


def test_half_of_the_stamps_are_possible_and_are_not_called_impossible():
    dialogues = made("invalid")
    valid = [dialogue for dialogue in dialogues if Stamp(dialogue.facts["stamp"]).moment]
    assert 0.4 < len(valid) / MANY < 0.6
    for dialogue in dialogues:
        assert judge("That time is not possible. Please check your clock.", dialogue.check).passed == (
            dialogue not in valid
        )
        assert not judge("I like to hear about caves.", dialogue.check).passed
