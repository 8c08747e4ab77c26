"""Every generated dialogue holds to its own check, wrong answers do not, and tests are never trained on."""

import itertools
import random

import pytest

from chronolect.dialogue.checks import judge
from chronolect.dialogue.generate.makers import MAKERS, held_out_dialogues, phase_dialogues
from chronolect.dialogue.generate.record import Dialogue, Maker, draws
from chronolect.dialogue.messages import check_conversation
from chronolect.dialogue.think import think_blocks

KINDS = [(phase, kind) for phase, makers in MAKERS.items() for kind in makers]


def made(maker: Maker, count: int, *, unseen: bool = False) -> list[Dialogue]:
    return [maker(draw) for draw in itertools.islice(draws(7, "made", unseen=unseen), count)]


@pytest.mark.parametrize("unseen", [False, True])
@pytest.mark.parametrize(("phase", "kind"), KINDS)
def test_every_last_reply_satisfies_its_check(phase: int, kind: str, unseen: bool) -> None:
    for dialogue in made(MAKERS[phase][kind], 150, unseen=unseen):
        check_conversation(dialogue.messages, kind)
        ruling = judge(dialogue.messages[-1]["content"], dialogue.check)
        assert ruling.passed, (ruling.reason, dialogue)
        assert (dialogue.phase, dialogue.kind, dialogue.is_unseen) == (phase, kind, unseen)


@pytest.mark.parametrize(("phase", "kind"), KINDS)
def test_a_reply_to_another_question_fails(phase: int, kind: str) -> None:
    dialogues = made(MAKERS[phase][kind], 400)
    random.Random(0).shuffle(dialogues)
    rulings = [
        judge(other.messages[-1]["content"], one.check).passed
        for one, other in itertools.pairwise(dialogues)
        if one.check.as_dict() != {name: other.check.as_dict().get(name) for name in one.check.as_dict()}
    ]
    assert len(rulings) > 100
    assert sum(rulings) <= 0.04 * len(rulings)  # lengths of nearly the same size are what passes


@pytest.mark.parametrize(("phase", "kind"), KINDS)
def test_thoughts_are_short_and_replies_of_phase_1_do_not_begin_with_one(phase: int, kind: str) -> None:
    for dialogue in made(MAKERS[phase][kind], 100):
        for message in dialogue.messages:
            if message["role"] == "assistant":
                blocks = think_blocks(message["content"])
                assert all(0 < len(block.text.split()) <= 60 for block in blocks)
                assert phase > 1 or (len(blocks) == 1 and blocks[0].start > 0)


def test_the_same_seed_gives_the_same_dialogues_and_no_test_is_trained_on() -> None:
    tests = held_out_dialogues(12, 3)
    assert tests == held_out_dialogues(12, 3)
    assert tests != held_out_dialogues(12, 4)
    tested = frozenset(one.asked for one in tests)
    assert len(tested) == len(tests) == 12 * len(KINDS)
    assert {one.is_unseen for one in tests} == {True, False}
    for phase in MAKERS:
        train = phase_dialogues(phase, 300, 3, tested)
        assert train == phase_dialogues(phase, 300, 3, tested)
        asked = [one.asked for one in train]
        assert len(set(asked)) == len(asked) == 300
        assert not tested & set(asked)
        assert not any(one.is_unseen for one in train)
        assert {one.kind for one in train} == set(MAKERS[phase])


def test_what_a_test_asks_is_left_out_of_training() -> None:
    first = phase_dialogues(1, 40, 0, frozenset())
    again = phase_dialogues(1, 40, 0, frozenset(one.asked for one in first[:20]))
    assert not {one.asked for one in again} & {one.asked for one in first[:20]}
