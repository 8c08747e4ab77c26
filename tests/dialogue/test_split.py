"""Splitting phases: what is tested is trained on nowhere, everything is there once, and the same seed gives the same files."""

import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, reject, settings
from hypothesis import strategies as st

from chronolect.artifacts import read_json
from chronolect.dialogue.files import phase_list_bytes, read_dialogues
from chronolect.dialogue.messages import Conversation, user_turn
from chronolect.dialogue.replay import Draw, Plan, clean_plan, leaks, opening, published_plan
from chronolect.dialogue.split import split
from chronolect.errors import UserError

POOL = ["Mind the clock.", "Be brief.", "Be kind."]


def talk(words: str, answer: str = "Good.", *, stamp: str = "2031-05-04T16:20:00") -> Conversation:
    """One exchange."""
    return [user_turn(stamp, words), {"role": "assistant", "content": answer}]


def phase(name: str, count: int) -> list[Conversation]:
    """That many exchanges."""
    return [talk(f"{name} number {number}") for number in range(count)]


def write(folder: Path, phases: dict[int, list[Conversation]]) -> dict[str, Any]:
    """Phases as files, as the command takes them."""
    for number, conversations in phases.items():
        (folder / f"phase{number}.json").write_bytes(phase_list_bytes(conversations))
    return {f"phase{number}": folder / f"phase{number}.json" for number in phases}


# few words and answers, so that conversations open alike within and across phases, and some are equal
talks = st.builds(
    talk,
    st.sampled_from([f"word {number}" for number in range(30)]),
    st.sampled_from(["Good.", "Well."]),
    stamp=st.sampled_from(["2031-05-04T16:20:00", "2031-02-30T16:20:00"]),
)
some_phases = st.fixed_dictionaries(
    {1: st.lists(talks, max_size=60), 2: st.lists(talks, max_size=60), 3: st.lists(talks, max_size=60)},
    optional={4: st.lists(talks, max_size=5)},
)
draws = st.builds(
    Draw,
    seed=st.integers(0, 9),
    replay_seed=st.integers(0, 9),
    train_ratio=st.floats(0.3, 0.95),
    replay=st.floats(0, 1),
    system_rate=st.floats(0, 1),
)


@given(some_phases, draws)
@settings(max_examples=200, deadline=None)
def test_nothing_tested_is_trained_on_and_everything_is_there_once(
    phases: dict[int, list[Conversation]], draw: Draw
) -> None:
    try:
        plan = clean_plan(phases, POOL, draw)
    except UserError:  # all of a phase open alike; see below
        reject()
    trained = {opening(messages) for messages in phases.get(4, [])}
    tested = set()
    for sides in plan.files.values():
        trained |= {opening(phases[source][place]) for source, place in sides.train}
        tested |= {opening(phases[source][place]) for source, place in sides.test}
    assert not trained & tested
    assert all(leak["trained"] == 0 for leak in leaks(plan))
    for number, sides in plan.own.items():
        own = [json.dumps(phases[source][place]) for source, place in sides.train + sides.test]
        assert len(own) == len(set(own))
        assert set(own) == {json.dumps(messages) for messages in phases[number]}


def replayed(plan: Plan, number: int) -> set[tuple[int, int]]:
    """What is shown again in a phase, on either side."""
    sides = plan.files[number]
    return {item for item in sides.train + sides.test if item[0] != number}


def test_replay_stays_on_its_side() -> None:
    phases = {number: phase(f"phase {number}", 100) for number in (1, 2, 3)}
    plan = clean_plan(phases, POOL, Draw())
    assert {number: (len(sides.train), len(sides.test)) for number, sides in plan.files.items()} == {
        1: (85, 15),
        2: (85 + 21, 15 + 3),
        3: (85 + 21 + 21, 15 + 3 + 3),
    }
    for number in (2, 3):
        assert replayed(plan, number) & set(plan.files[number].test) <= set(plan.own[1].test) | set(plan.own[2].test)
    assert len(plan.prompts) == 15
    assert {item[0] for item in plan.prompts} == {1, 2, 3}


def test_another_conversation_in_a_later_phase_changes_no_earlier_one() -> None:
    phases = {number: phase(f"phase {number}", 50) for number in (1, 2)}
    before = clean_plan(phases, POOL, Draw())
    after = clean_plan({**phases, 2: phase("phase 2", 51), 3: phase("phase 3", 9)}, POOL, Draw())
    assert after.files[1] == before.files[1]
    assert {k: v for k, v in after.prompts.items() if k[0] == 1} == {
        k: v for k, v in before.prompts.items() if k[0] == 1
    }


def test_the_published_way_trains_on_what_it_tests() -> None:
    found = leaks(published_plan({1: 1000, 2: 1000, 3: 1000}, POOL, Draw()))
    replays = [leak for leak in found if leak["source"] != leak["test"]]
    assert [(leak["test"], leak["source"], leak["items"]) for leak in replays] == [(2, 1, 38), (3, 1, 38), (3, 2, 38)]
    assert all(leak["trained_in"][leak["source"]] > leak["items"] / 2 for leak in replays)
    own = [leak for leak in found if leak["source"] == leak["test"]]
    assert [set(leak["trained_in"]) for leak in own] == [{2, 3}, {3}, set()]


def test_files_and_counts(tmp_path: Path) -> None:
    phases = {number: phase(f"phase {number}", 40) for number in (1, 2, 3, 4)}
    phases[1].append(phases[1][0])
    (tmp_path / "prompts.json").write_text(json.dumps(POOL))
    given = {**write(tmp_path, phases), "system_prompts": tmp_path / "prompts.json", "system_rate": 0.25}
    result = split(**given, out=tmp_path / "one")
    assert (result["doubles"], result["left_out"]) == (1, [])
    assert "kept once" in result["screen"]
    assert "trained on in no phase" in result["screen"]
    written = {}
    for name, counts in result["files"].items():
        written[name] = read_dialogues(tmp_path / "one" / name)
        assert len(written[name]) == counts["conversations"]
        if name != "phase4.json":
            with_system = [one for one in written[name] if one[0]["role"] == "system"]
            assert len(with_system) == counts["with_system"]
            assert all(one[0]["content"] in POOL for one in with_system)
    assert sum(result["files"][f"phase2_{side}.json"]["own"] for side in ("train", "test")) == 40
    assert result["files"]["phase3_train.json"]["of_phase2"] == int(0.25 * 34)
    assert (tmp_path / "one" / "phase4.json").read_bytes() == (tmp_path / "phase4.json").read_bytes()

    split(**given, out=tmp_path / "two")
    other = split(**given, out=tmp_path / "three", seed=1)
    published = split(**given, out=tmp_path / "four", mode="published")
    for name in result["files"]:
        assert (tmp_path / "one" / name).read_bytes() == (tmp_path / "two" / name).read_bytes()
    assert written["phase1_train.json"] != read_dialogues(tmp_path / "three" / "phase1_train.json")
    assert other["files"]["phase1_train.json"]["own"] == 34
    assert published["files"]["phase2_train.json"]["of_phase1"] == int(0.85 * int(0.25 * 41))
    assert "trained on there" in published["screen"]
    assert read_json(tmp_path / "one" / "manifest.json")["counts"]["files"] == result["files"]


def test_our_own_prompts_are_many_and_plain(tmp_path: Path) -> None:
    result = split(**write(tmp_path, {1: phase("x", 200)}), out=tmp_path / "out", system_rate=1.0)
    used = {messages[0]["content"] for messages in read_dialogues(tmp_path / "out" / "phase1_train.json")}
    assert result["files"]["phase1_train.json"]["with_system"] == 170
    assert 30 < len(used) <= 40
    assert all(text.isascii() for text in used)


def test_a_conversation_that_has_a_system_message_keeps_it(tmp_path: Path) -> None:
    own = {"role": "system", "content": "I was here first."}
    for mode in ("clean", "published"):
        files = write(tmp_path, {1: [[own, *messages] for messages in phase("x", 20)]})
        split(**files, out=tmp_path / mode, system_rate=1.0, mode=mode)  # type: ignore[arg-type]
        for messages in read_dialogues(tmp_path / mode / "phase1_train.json"):
            assert [message["role"] for message in messages] == ["system", "user", "assistant"]
            assert messages[0] == own


def test_bad_conversations_end_it_or_are_left_out_and_listed(tmp_path: Path) -> None:
    good = phase("x", 20)
    bad = [talk("open", "<think>never"), [good[0][1], good[0][0]], []]
    files = write(tmp_path, {1: good[:5] + bad + good[5:], 2: phase("y", 20)})
    with pytest.raises(UserError, match=r"phase1\.json, conversation 6, message 2: <think> is never closed$"):
        split(**files, out=tmp_path / "out")
    assert not (tmp_path / "out").exists()
    result = split(**files, out=tmp_path / "out", skip_bad=True)
    assert [error.partition("phase1.json, ")[2] for error in result["left_out"]] == [
        "conversation 6, message 2: <think> is never closed",
        'conversation 7, message 1: the role is "assistant" where "user" is next; roles go by turns',
        "conversation 8: an empty conversation; leave it out",
    ]
    assert "Left out: 3\n" in result["screen"]
    assert sum(result["files"][f"phase1_{side}.json"]["own"] for side in ("train", "test")) == 20


@pytest.mark.parametrize(
    ("flags", "message"),
    [
        ({"train_ratio": 1.0}, "--train-ratio 1.0: must lie between 0 and 1"),
        ({"replay": -0.1}, "--replay -0.1: must be a share"),
        ({"system_rate": 5.0}, "--system-rate 5.0: must be a share"),
        ({"phase2": Path("nowhere.json")}, "nowhere.json: no such file"),
        ({"system_prompts": "{}"}, "must be a JSON list of texts"),
        ({"phase1": "[[]]", "skip_bad": True}, "every conversation was left out"),
        (
            {"phase1": "[1]"},
            'conversation 1: a conversation must be a list of objects with the texts "role" and "content"',
        ),
    ],
)
def test_wrong_input_is_one_line(flags: dict[str, Any], message: str, tmp_path: Path) -> None:
    files = write(tmp_path, {1: phase("x", 20)})
    for key, value in flags.items():
        if isinstance(value, str):
            (tmp_path / f"{key}.txt").write_text(value)
            value = tmp_path / f"{key}.txt"
        files[key] = value
    with pytest.raises(UserError, match=message) as error:
        split(**files, out=tmp_path / "out")
    assert "\n" not in str(error.value)


def test_a_phase_that_opens_alike_throughout_cannot_be_split(tmp_path: Path) -> None:
    files = write(tmp_path, {1: [talk("hello", f"answer {number}") for number in range(9)]})
    with pytest.raises(UserError, match="phase 1: nothing left to train on; its 9 conversations open alike"):
        split(**files, out=tmp_path / "out")


def test_too_few_conversations_leave_nothing_to_train_on(tmp_path: Path) -> None:
    files = write(tmp_path, {1: phase("one", 1)})
    with pytest.raises(UserError, match=r"too few conversations to split"):
        split(**files, mode="published", out=tmp_path / "out")
