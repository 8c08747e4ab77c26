"""The engine: stamps, ticks, thoughts, silence, a full context, a server that fails."""

from collections.abc import Iterable
from pathlib import Path

import pytest
from tests.chat_server import Body, ChatServer, Refused

import chronolect.models.server
from chronolect.dialogue.messages import check_conversation, read_timed
from chronolect.dialogue.think import tag_problem
from chronolect.errors import UserError
from chronolect.models.hf import HfModel
from chronolect.models.sampling import Sampling
from chronolect.models.server import ServerModel
from chronolect.serving.clock import SimulatedClock, parse_moment
from chronolect.serving.conversation import (
    ConversationEngine,
    Event,
    Failed,
    Said,
    StayedSilent,
    TickSent,
    TurnsDropped,
    UserSaid,
    balanced,
)

START = "2024-03-01T10:00:00"


def standing(start: str = START) -> SimulatedClock:
    return SimulatedClock(parse_moment(start), speed=0)


def timer(body: Body) -> str:
    """Speaks to words; to a tick only from 10:30 on, and once."""
    stamp = body["messages"][-1]["content"][6:25]
    if body["messages"][-1]["content"].endswith("</time>\n"):
        told = any("done" in message["content"] for message in body["messages"] if message["role"] == "assistant")
        return "The bread is done." if stamp >= "2024-03-01T10:30:00" and not told else "<think>\nWait.\n</think>"
    return "Fine.\n<think>\nDue at 10:30.\n</think>\nI will tell you."


def stamps(events: Iterable[Event]) -> list[str]:
    return [event.stamp for event in events if isinstance(event, TickSent | UserSaid)]


@pytest.fixture(autouse=True)
def no_waiting(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(chronolect.models.server, "_WAITS_S", ())


def test_words_ticks_and_silence() -> None:
    clock = standing()
    with ChatServer(timer) as server:
        engine = ConversationEngine(ServerModel(server.url), clock, system="Be brief.", tick_every_s=900, most_ticks=5)
        assert engine.next_tick() is None  # nobody has spoken
        assert list(engine.say("Bread in 30 minutes.")) == [
            UserSaid(START, "Bread in 30 minutes."),
            Said("Fine.\n<think>\nDue at 10:30.\n</think>\nI will tell you."),
        ]
        events = list(engine.move(clock.after("50 minutes")))
        sent = server.bodies[-1]["messages"]
    assert stamps(events) == [f"2024-03-01T10:{minute}:00" for minute in (15, 30, 45)]
    assert [type(event) for event in events] == [TickSent, StayedSilent, TickSent, Said, TickSent, StayedSilent]
    assert isinstance(events[3], Said)
    assert (events[3].text, events[3].thoughts) == ("The bread is done.", [])
    assert isinstance(events[1], StayedSilent)
    assert (events[1].text, events[1].thoughts) == ("", ["Wait."])
    assert clock.stamp() == "2024-03-01T10:50:00"
    assert sent[0] == {"role": "system", "content": "Be brief."}
    assert "Due at 10:30." in sent[2]["content"]  # thoughts are read again
    check_conversation(engine.messages, "here", strict_times=True)
    assert all(read_timed(message).is_tick for message in engine.messages[3::2])


def test_no_more_than_so_many_ticks_without_the_user() -> None:
    clock = standing()
    with ChatServer(timer) as server:
        engine = ConversationEngine(ServerModel(server.url), clock, tick_every_s=60, most_ticks=2)
        list(engine.say("Hello."))
        assert len(stamps(engine.move(clock.after("1 year")))) == 2
        assert engine.next_tick() is None
        assert stamps(engine.say("Back."))[0] == "2025-03-01T10:00:00"
        assert stamps(engine.move(clock.after("61 seconds"))) == ["2025-03-01T10:01:00"]


def test_ticks_come_by_themselves_when_the_clock_runs() -> None:
    clock = SimulatedClock(parse_moment(START), speed=1e5)
    with ChatServer(timer) as server:
        engine = ConversationEngine(ServerModel(server.url), clock, tick_every_s=1.0, most_ticks=1)
        list(engine.say("Hello."))
        while not (events := list(engine.tick_if_due())):
            pass
        assert isinstance(events[0], TickSent)
        assert events[0].stamp > START
        assert list(engine.tick_if_due()) == []


def test_time_may_run_backwards_and_stamps_may_be_impossible() -> None:
    clock = standing()
    with ChatServer(timer) as server:
        engine = ConversationEngine(ServerModel(server.url), clock, tick_every_s=60)
        list(engine.say("Hello."))
        assert list(engine.move(clock.place(parse_moment("2023-01-01")))) == []
        assert stamps(engine.say("And now?")) == ["2023-01-01T00:00:00"]
        assert stamps(engine.move(clock.after("1 minute"))) == ["2023-01-01T00:01:00"]
        list(engine.say("Which day is it?", stamp="2023-02-30T25:00"))
        assert server.bodies[-1]["messages"][-1]["content"] == "<time>2023-02-30T25:00</time>\nWhich day is it?"


def test_a_turn_that_failed_stands_and_can_be_retried() -> None:
    clock = standing()
    broken = [True]

    def answer(body: Body) -> str:
        if broken[0]:
            raise Refused(500, "out of memory")
        return timer(body)

    with ChatServer(answer) as server:
        engine = ConversationEngine(ServerModel(server.url), clock, tick_every_s=60)
        _, failed = engine.say("Hello.")
        assert isinstance(failed, Failed)
        assert failed.kept
        assert "out of memory" in failed.problem
        assert engine.unanswered
        assert list(engine.move(clock.after("1 hour"))) == []  # no ticks meanwhile
        for refused in (engine.say, lambda _: engine.tick()):
            with pytest.raises(UserError, match="no reply yet"):
                list(refused("Are you there?"))
        broken[0] = False
        assert [type(event) for event in engine.retry()] == [Said]
        assert len(engine.messages) == 2
        with pytest.raises(UserError, match="nothing to retry"):
            list(engine.retry())
        broken[0] = True
        assert [type(event) for event in engine.tick()] == [TickSent, Failed]
        assert len(engine.messages) == 2  # a tick that failed is taken back
        assert engine.next_tick() is None
        list(engine.say("Hello?"))
        engine.drop()
        assert not engine.unanswered
        with pytest.raises(UserError, match="nothing to drop"):
            engine.drop()


def test_the_oldest_turns_give_way_when_a_server_has_no_room() -> None:
    def short(body: Body) -> str:
        words = sum(len(message["content"].split()) for message in body["messages"])
        if words > 40:
            raise Refused(400, f"This model's maximum context length is 40 tokens, you asked for {words}.")
        return "Yes, yes, yes, yes."

    with ChatServer(short) as server:
        engine = ConversationEngine(ServerModel(server.url), standing(), system="Be brief.")
        events = [event for number in range(8) for event in engine.say(f"This is turn {number} of eight.")]
        dropped = [event.messages for event in events if isinstance(event, TurnsDropped)]
        assert dropped == [2, 4, 6, 8, 10]
        assert server.bodies[-1]["messages"][0]["role"] == "system"
        assert "turn 5" in server.bodies[-1]["messages"][1]["content"]
        assert len(engine.messages) == 17  # all of it is kept
        events = list(engine.say("word " * 60))
        assert isinstance(events[-1], Failed)
        assert "maximum context length" in events[-1].problem


def test_the_oldest_turns_give_way_in_a_folder_s_model(chat_folder: Path) -> None:
    model = HfModel(chat_folder, device="cpu", threads=1)
    engine = ConversationEngine(model, standing(), max_tokens=24, sampling=Sampling(temperature=0.7))
    events = [event for number in range(8) for event in engine.say(f"This is turn {number} of this conversation.")]
    assert any(isinstance(event, TurnsDropped) for event in events)
    assert not any(isinstance(event, Failed) for event in events)
    again = ConversationEngine(model, standing(), max_tokens=24, sampling=Sampling(temperature=0.7))
    for number in range(8):
        list(again.say(f"This is turn {number} of this conversation."))
    assert again.messages == engine.messages  # the same seed, the same replies


@pytest.mark.parametrize(
    "reply",
    [
        "<think>a",
        "a</think>b",
        "<think><think>a</think>",
        "a</think></think>",
        "<think>a</think>b</think>",
        "</think>",
        "",
    ],
)
def test_think_tags_are_made_to_match(reply: str) -> None:
    assert tag_problem(balanced(reply)) is None


def test_thoughts_that_a_server_set_apart_are_put_back() -> None:
    def answer(body: Body) -> Body:
        message = {"role": "assistant", "content": "A week.", "reasoning_content": "12 - 5 = 7"}
        return {"choices": [{"message": message}], "usage": {"completion_tokens": 9, "total_tokens": 20}}

    with ChatServer(answer) as server:
        engine = ConversationEngine(ServerModel(server.url), standing())
        said = list(engine.say("How long?"))[-1]
    assert isinstance(said, Said)
    assert (said.text, said.thoughts) == ("A week.", ["12 - 5 = 7"])
    assert "12 - 5 = 7" in engine.messages[-1]["content"]
