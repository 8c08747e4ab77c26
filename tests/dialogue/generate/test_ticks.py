"""Ticks: the assistant speaks when something is due, once, and is silent otherwise; every reply on the way is held to that."""

from collections import Counter
from datetime import datetime
from itertools import islice

import pytest

from chronolect.dialogue.checks import judge
from chronolect.dialogue.generate.record import Dialogue, draws
from chronolect.dialogue.generate.ticks import MAKERS
from chronolect.dialogue.messages import check_conversation, read_timed
from chronolect.dialogue.think import is_silent, think_blocks, visible

MANY = 400


def made(kind: str, *, unseen: bool = False) -> list[Dialogue]:
    return [MAKERS[kind](draw) for draw in islice(draws(7, kind, unseen=unseen), MANY)]


@pytest.mark.parametrize("kind", MAKERS)
@pytest.mark.parametrize("unseen", [False, True])
def test_last_replies_do_what_is_asked(kind, unseen):
    for dialogue in made(kind, unseen=unseen):
        check_conversation(dialogue.messages, kind, strict_times=True)
        ruling = judge(dialogue.messages[-1]["content"], dialogue.check)
        assert ruling.passed, (ruling.reason, dialogue.messages)
        assert 2 <= len(dialogue.messages) // 2 <= 5


@pytest.mark.parametrize("kind", MAKERS)
def test_turns_are_in_order_and_words_are_always_answered(kind):
    for dialogue in made(kind):
        turns = [read_timed(message) for message in dialogue.messages[::2]]
        moments = [turn.stamp.moment for turn in turns if turn.stamp]
        assert moments == sorted(set(moments)), moments
        for turn, answer in zip(turns, dialogue.messages[1::2], strict=True):
            assert turn.is_tick or not is_silent(answer["content"])


@pytest.mark.parametrize("kind", ["tick", "daily", "changed", "idle"])
def test_as_many_end_in_silence_as_in_words(kind):
    dialogues = made(kind)
    silent = sum(is_silent(dialogue.messages[-1]["content"]) for dialogue in dialogues)
    assert 0.4 < silent / len(dialogues) < 0.6
    for dialogue in dialogues:
        contrary = "<think>\nNot yet.\n</think>" if dialogue.facts["speaks"] else "It is time!"
        assert not judge(contrary, dialogue.check).passed


@pytest.mark.parametrize("kind", ["tick", "daily", "changed"])
def test_each_tick_is_ruled_by_what_is_due_then(kind):
    """An independent reading of the thoughts: the assistant speaks exactly where the moment it names as due has come."""
    rulings = Counter()
    for dialogue in made(kind):
        for turn, answer in zip(dialogue.messages[2::2], dialogue.messages[3::2], strict=True):
            if not read_timed(turn).is_tick:
                continue
            steps = think_blocks(answer["content"])[0].text
            if " Due " not in steps:
                assert is_silent(answer["content"])
                continue
            now, due = steps.removeprefix("Now ").split(". Due ")
            due = due.split(". ")[0]
            form = "%Y-%m-%d %H:%M" if kind == "daily" else "%H:%M"
            assert read_timed(turn).stamp.moment.strftime(form) == now
            comes = datetime.strptime(now, form) >= datetime.strptime(due, form)
            assert comes != is_silent(answer["content"])
            rulings[comes] += 1
    assert min(rulings.values()) > MANY / 4


def test_what_was_due_is_said_when_the_user_speaks_next():
    late = 0
    for dialogue in made("overdue"):
        now, due = (datetime.fromisoformat(dialogue.facts[key]) for key in ("now", "due"))
        assert dialogue.facts["speaks"] == (now >= due)
        late += now >= due
        answer = visible(dialogue.messages[-1]["content"])
        assert len(answer.splitlines()) == (2 if now >= due else 1)
        assert not judge(answer.splitlines()[-1] if now >= due else "It is time now.", dialogue.check).passed
    assert 0.4 < late / MANY < 0.6


def test_a_return_counts_from_the_last_words_not_from_the_last_tick():
    for dialogue in made("idle"):
        if dialogue.facts["speaks"]:
            first = read_timed(dialogue.messages[0]).stamp.moment
            last_words = [message for message in dialogue.messages[:-2:2] if not read_timed(message).is_tick][-1]
            assert read_timed(last_words).stamp.moment == first
            now = read_timed(dialogue.messages[-2]).stamp.moment
            assert dialogue.check.duration_s == (now - first).total_seconds()
