"""Dialogues in the words of a teacher that runs in a thread: what may change changes, what was computed stays, nothing is asked twice."""

import json
from collections import Counter
from itertools import islice
from pathlib import Path

import pytest
from tests.chat_server import Body, ChatServer, Died

from chronolect.dialogue.checks import Check, judge
from chronolect.dialogue.files import iterate_records
from chronolect.dialogue.generate.command import make_dialogues
from chronolect.dialogue.generate.gaps import elapsed
from chronolect.dialogue.generate.makers import MAKERS
from chronolect.dialogue.generate.record import Dialogue, draws
from chronolect.dialogue.generate.teacher import UnusableError, reworded, shown
from chronolect.dialogue.messages import read_timed
from chronolect.dialogue.think import think_blocks
from chronolect.errors import UserError
from chronolect.models import server

SMALL = {"phase1": 12, "phase2": 12, "phase3": 12, "phase4": 2, "tests": 1, "almanac": 0}
ALL = 38  # training dialogues


def chatty(turns: list[dict[str, str]]) -> str:
    """The same conversation with a word more on each side, where there are words."""
    return json.dumps(
        {
            "turns": [
                {
                    key: f"Well, {turn[key]}" if turn[key].strip() and turn[key][:1] != "{" else turn[key]
                    for key in ("user", "assistant")
                }
                for turn in turns
            ]
        }
    )


def teacher(body: Body) -> str:
    return chatty(json.loads(body["messages"][1]["content"])["turns"])


@pytest.fixture
def dialogue() -> Dialogue:
    return elapsed(next(draws(1, "elapsed")))


def answered(dialogue: Dialogue, **changed: str) -> str:
    """What the teacher said of a dialogue, with the last turn changed."""
    turns = shown(dialogue.messages)
    return json.dumps({"turns": [*turns[:-1], {**turns[-1], **changed}]})


@pytest.mark.parametrize("kind", sorted({(phase, kind) for phase, makers in MAKERS.items() for kind in makers}))
def test_a_faithful_rewording_keeps_stamps_thoughts_and_checks(kind):
    phase, name = kind
    for draw in islice(draws(2, name), 20):
        before = MAKERS[phase][name](draw)
        after = reworded(before, chatty(shown(before.messages)), "tiny")
        assert after.check == before.check
        assert judge(after.messages[-1]["content"], after.check).passed
        for old, new in zip(before.messages, after.messages, strict=True):
            assert read_timed(old).stamp == read_timed(new).stamp
            assert [one.text for one in think_blocks(old["content"])] == [
                one.text for one in think_blocks(new["content"])
            ]
        assert after.wording[-1] == "teacher/tiny"


def test_the_teacher_sees_no_thought_and_writes_no_stamp(dialogue):
    text = json.dumps(shown(dialogue.messages))
    assert "<think>" not in text
    assert "<time>" not in text
    assert "{T1}" in text


@pytest.mark.parametrize(
    ("changed", "problem"),
    [
        ({"assistant": "That was a while ago."}, "a thought has lost its place"),
        ({"assistant": "Hm. {T1} It has been 77 weeks."}, "other numbers"),
        (
            {"assistant": "{T1} It has been {length}."},
            "words where there was silence, or silence where there were words",
        ),
        ({"assistant": "Hm. <think>x</think> {T1} It has been {length}."}, "a tag of its own"),
        ({"user": ""}, "words where there was silence, or silence where there were words"),
        ({"user": "<time>2020-01-01T00:00:00</time> And?"}, "a tag of its own"),
        ({"assistant": "Hm. {T1} It has not been {length}."}, "the last reply does not pass its check"),
        ({"assistant": "Hm. {T1} It has been {length}" + " indeed" * 99}, "too long"),
    ],
)
def test_what_changes_more_than_words_is_refused(dialogue, changed, problem):
    said = shown(dialogue.messages)[-1]["assistant"].split("{T1}")[1]
    length = (
        said[next(place for place, character in enumerate(said) if character.isdigit()) :].split(" ago")[0].strip(" .")
    )
    filled = {key: value.replace("{length}", length) for key, value in changed.items()}
    with pytest.raises(UnusableError, match=problem):
        reworded(dialogue, answered(dialogue, **filled), "tiny")


@pytest.mark.parametrize(
    ("answer", "problem"),
    [
        ("Certainly!", "not the JSON"),
        ('{"turns": [{"user": "a"}]}', "not the JSON"),
        ('{"turns": [{"user": "a", "assistant": "b"}]}', "not as many turns"),
    ],
)
def test_what_is_not_a_conversation_is_refused(dialogue, answer, problem):
    with pytest.raises(UnusableError, match=problem):
        reworded(dialogue, answer, "tiny")
    with pytest.raises(UnusableError, match="no other words"):
        reworded(dialogue, answered(dialogue), "tiny")


def test_a_name_must_stay():
    for draw in islice(draws(4, "elapsed"), 50):
        dialogue = elapsed(draw)
        turns = shown(dialogue.messages)
        if "My neighbour" in turns[0]["user"]:
            turns[0]["user"] = "Somebody next door collects pictures, you know."
            with pytest.raises(UnusableError, match="a name is missing"):
                reworded(dialogue, json.dumps({"turns": turns}), "tiny")
            return
    raise AssertionError


def taught(folder: Path) -> int:
    """How many of the dialogues of a folder are in the teacher's words; each passes its check all the same."""
    found = 0
    for phase in (1, 2, 3, 4):
        for messages, metadata in iterate_records(folder / f"phase{phase}.jsonl"):
            assert judge(messages[-1]["content"], Check.from_dict(metadata["check"], "x")).passed
            found += metadata["wordings"][-1] == "teacher/tiny"
    return found


def test_the_command_puts_dialogues_into_other_words_and_asks_nothing_twice(tmp_path: Path):
    out = tmp_path / "made"
    with ChatServer(teacher) as running:
        result = make_dialogues(out=out, **SMALL, teacher=running.url)
        again = make_dialogues(out=out, **SMALL, teacher=running.url)
        assert len(running.bodies) == ALL
    assert result["teacher"] == again["teacher"] == {"reworded": ALL, "as they were": {}}
    assert taught(out) == ALL


def test_what_cannot_be_believed_stays_as_it_was_and_is_counted(tmp_path: Path):
    out = tmp_path / "made"
    with ChatServer(lambda body: teacher(body).replace("1", "2")) as running:
        result = make_dialogues(out=out, **SMALL, teacher=running.url)
        assert len(running.bodies) > ALL  # those that cannot be believed are asked for again
    kept = result["teacher"]["as they were"]
    assert result["teacher"]["reworded"] == taught(out) == ALL - sum(kept.values())
    assert sum(kept.values()) > ALL / 2
    assert set(kept) <= {"other numbers", "a thought has lost its place"}


def test_a_budget_ends_the_asking_and_a_larger_one_goes_on(tmp_path: Path):
    out = tmp_path / "made"
    with ChatServer(teacher, total_tokens=100) as running:
        first = make_dialogues(out=out, **SMALL, teacher=running.url, budget_tokens=1000, concurrency=1)
        assert first["teacher"]["as they were"] == {"not asked: the budget is spent": ALL - 10}
        make_dialogues(out=out, **SMALL, teacher=running.url)
        assert len(running.bodies) == ALL
    assert taught(out) == ALL


def test_a_server_that_dies_loses_no_answer(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(server, "_WAITS_S", (0.01,))
    calls: Counter[str] = Counter()

    def dies(body: Body) -> str:
        calls["n"] += 1
        if calls["n"] > 10:
            raise Died
        return teacher(body)

    with ChatServer(dies) as running, pytest.raises(UserError, match="no answer"):
        make_dialogues(out=tmp_path / "made", **SMALL, teacher=running.url, concurrency=1)
    assert not (tmp_path / "made").exists()
    with ChatServer(teacher) as running:
        make_dialogues(out=tmp_path / "made", **SMALL, teacher=running.url)
        assert len(running.bodies) == ALL - 10
    with ChatServer(teacher) as running:
        make_dialogues(out=tmp_path / "other", **SMALL, teacher=running.url)
    for file in ("phase1.json", "phase2.jsonl", "phase3.json", "phase4.jsonl", "tests.jsonl"):
        assert (tmp_path / "made" / file).read_bytes() == (tmp_path / "other" / file).read_bytes()
