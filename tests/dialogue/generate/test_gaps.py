"""Two turns and the time between them: each reply does what its check asks, what would be wrong does not, and both sides come up."""

from collections import Counter
from datetime import datetime
from itertools import islice, pairwise

import pytest

from chronolect.dialogue.checks import judge
from chronolect.dialogue.generate import gaps, plans
from chronolect.dialogue.generate.record import Dialogue, draws
from chronolect.dialogue.messages import check_conversation

MAKERS = gaps.MAKERS | plans.MAKERS
MANY = 400


def made(kind: str, *, unseen: bool = False) -> list[Dialogue]:
    return [MAKERS[kind](draw) for draw in islice(draws(7, kind, unseen=unseen), MANY)]


@pytest.mark.parametrize("kind", MAKERS)
@pytest.mark.parametrize("unseen", [False, True])
def test_last_replies_do_what_is_asked(kind, unseen):
    for dialogue in made(kind, unseen=unseen):
        check_conversation(dialogue.messages, kind, strict_times=True)
        assert len(dialogue.messages) == 4
        ruling = judge(dialogue.messages[-1]["content"], dialogue.check)
        assert ruling.passed, (ruling.reason, dialogue.messages)


@pytest.mark.parametrize("kind", ["elapsed", "travel", "time left"])
def test_twice_the_length_is_wrong(kind):
    for dialogue in made(kind):
        minutes = round(2 * dialogue.check.duration_s / 60)
        assert not judge(
            f"It has been {minutes} minutes. You still have {minutes} minutes left.", dialogue.check
        ).passed


def test_travel_counts_between_the_moments_and_not_between_the_clocks():
    for dialogue in made("travel"):
        first, second = (datetime.fromisoformat(dialogue.facts[key]) for key in ("first", "second"))
        assert dialogue.check.duration_s == (second - first).total_seconds()
        assert first.utcoffset() != second.utcoffset()


def test_a_return_is_quick_or_late_or_very_late():
    by_kind = {"quick": "That was quick.", "gap": "Welcome back.", "long_gap": "It has been a very long time."}
    counts = Counter(dialogue.check.notices for dialogue in made("gap"))
    assert all(count > MANY / 4 for count in counts.values())
    for dialogue in made("gap"):
        assert not judge("Yes. What next?", dialogue.check).passed
        if dialogue.check.notices != "quick":
            assert not judge(by_kind["quick"], dialogue.check).passed
        else:
            assert not judge("Welcome back after 3 months!", dialogue.check).passed


@pytest.mark.parametrize(
    ("kind", "side"), [("meanwhile", "state"), ("deadline", "passed"), ("time left", "passed"), ("plan", "side")]
)
def test_the_reply_of_the_other_side_is_wrong(kind, side):
    dialogues = made(kind)
    assert len(Counter(str(dialogue.facts[side]) for dialogue in dialogues)) >= 2
    for one, other in pairwise(dialogues):
        if kind != "meanwhile" and one.facts[side] != other.facts[side]:
            assert not judge(other.messages[-1]["content"], one.check).passed
        if kind == "meanwhile":
            assert not judge(f"It must be {one.check.avoids[0]}.", one.check).passed


def test_half_of_the_deadlines_have_passed():
    share = sum(dialogue.facts["passed"] for dialogue in made("deadline")) / MANY
    assert 0.4 < share < 0.6


@pytest.mark.parametrize("kind", MAKERS)
def test_wordings_for_tests_are_kept_out_of_training(kind):
    seen = {wording for dialogue in made(kind) for wording in dialogue.wording}
    unseen = {wording for dialogue in made(kind, unseen=True) for wording in dialogue.wording}
    kept = unseen - seen
    assert all(any(wording in kept for wording in dialogue.wording) for dialogue in made(kind, unseen=True))
    assert len(seen) >= 16
