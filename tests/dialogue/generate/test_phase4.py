"""Joined conversations: in order of time but for what is out of order on purpose, nothing pending forgotten, each reply computed."""

from itertools import islice, pairwise

import pytest

from chronolect.dialogue.checks import judge
from chronolect.dialogue.generate.feasts import FEASTS
from chronolect.dialogue.generate.phase4 import PARTS, joined, makers_of, occasion, phase4_dialogues
from chronolect.dialogue.generate.record import Draw, draws
from chronolect.dialogue.messages import check_conversation, read_timed
from chronolect.dialogue.think import tag_problem, think_blocks, visible

MANY = 300


@pytest.fixture(scope="module")
def conversations():
    return [joined(draw) for draw in islice(draws(3, "joined"), MANY)]


def test_last_replies_do_what_is_asked(conversations):
    for dialogue in conversations:
        check_conversation(dialogue.messages, "joined")
        ruling = judge(dialogue.messages[-1]["content"], dialogue.check)
        assert ruling.passed, (ruling.reason, dialogue.messages[-2:])


def test_they_have_four_to_eight_turns_and_two_kinds_at_least(conversations):
    for dialogue in conversations:
        assert 4 <= len(dialogue.messages) / 2 <= 8
        assert len(dialogue.facts["parts"]) >= 2
    found = {part["kind"] for dialogue in conversations for part in dialogue.facts["parts"]}
    assert found == {kind for kind in PARTS if kind != "invalid later"}


def test_time_runs_on_from_part_to_part(conversations):
    """But for anomalies and journeys, whose clocks are at odds on purpose, each stamp is later than the one before."""
    for dialogue in conversations:
        odd = {part["kind"] for part in dialogue.facts["parts"]} & {"anomaly", "travel", "invalid"}
        if not odd:
            moments = [read_timed(message).stamp.moment for message in dialogue.messages[::2]]
            assert all(before < now for before, now in pairwise(moments)), dialogue.messages


def test_nothing_follows_on_what_is_still_due(conversations):
    for dialogue in conversations:
        assert not any(part.get("pending") for part in dialogue.facts["parts"][:-1])


def test_welcomes_say_how_long_it_was(conversations):
    found = 0
    for dialogue in conversations:
        if any(part.get("side") in ("backwards", "leap") for part in dialogue.facts["parts"]):
            continue  # the part behind it counts from the last stamp that can be believed
        for before, after in zip(dialogue.messages[:-2:2], dialogue.messages[2::2], strict=False):
            answer = dialogue.messages[dialogue.messages.index(after) + 1]["content"]
            blocks = think_blocks(answer)
            if not blocks or not blocks[0].text.startswith("From ") or len(blocks) < 2:
                continue
            found += 1
            assert tag_problem(answer) is None
            earlier, later = (read_timed(message).stamp.moment for message in (before, after))
            if earlier and later and earlier.tzinfo is later.tzinfo is None:
                assert earlier < later
                assert visible(answer)
    assert found > 20


def test_feasts_are_on_their_day():
    for draw in islice(draws(3, "feast"), 200):
        dialogue = occasion(draw)
        now = read_timed(dialogue.messages[0]).stamp.moment
        feast = next(feast for feast in FEASTS if feast.name == dialogue.facts["feast"])
        assert feast.day(now.year) == now.date()
        assert judge(dialogue.messages[-1]["content"], dialogue.check).passed
        assert not judge("Hello again. What can I do for you?", dialogue.check).passed


def test_the_choice_is_the_same_for_the_same_seed_and_leaves_out_what_is_tested():
    chosen, choice = phase4_dialogues(16, 5, frozenset())
    again, _ = phase4_dialogues(16, 5, frozenset())
    other, _ = phase4_dialogues(16, 6, frozenset())
    assert chosen == again != other
    assert len({dialogue.asked for dialogue in chosen}) == 16
    assert choice.spread.nearest > choice.chance.nearest + 3 * choice.deviation.nearest
    tested = frozenset(dialogue.asked for dialogue in chosen[:8])
    without, _ = phase4_dialogues(16, 5, tested)
    assert not tested & {dialogue.asked for dialogue in without}


def test_wordings_for_tests_come_up_in_tests_only():
    draw = next(draws(3, "joined", unseen=True))
    assert isinstance(draw, Draw)
    assert joined(draw).is_unseen
    assert not any(joined(draw).is_unseen for draw in islice(draws(3, "joined"), 50))


def test_some_kinds_are_joined_alone() -> None:
    maker = makers_of(["tick", "elapsed", "invalid"])["joined"]
    parts = [part["kind"] for draw in islice(draws(3, "some"), 60) for part in maker(draw).facts["parts"]]
    assert set(parts) == {"tick", "elapsed", "invalid"}
    assert makers_of(["tick"]) == {}
