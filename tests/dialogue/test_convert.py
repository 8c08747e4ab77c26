"""Converting conversations: there and back is the same, stamps stay as they were written, and what is wrong is named."""

import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from chronolect.dialogue.convert import convert
from chronolect.dialogue.files import (
    chatml,
    iterate_records,
    phase_list_bytes,
    read_dialogues,
)
from chronolect.dialogue.messages import Conversation, user_turn, with_time_tags, with_timestamps
from chronolect.dialogue.template import TIME_TEMPLATE
from chronolect.errors import UserError
from chronolect.models.chat_template import ChatTemplate

TALKS: list[Conversation] = [
    [
        user_turn("2023-02-30T25:00:00", "Is it late?"),
        {"role": "assistant", "content": "<think>\n?\n</think>\nWhich day?"},
    ],
    [
        {"role": "system", "content": "Zwölf Uhr.\n\nMittag."},
        {"role": "user", "content": "<time>2031-05-04T16:20:00+05:45</time>"},
        {"role": "assistant", "content": "<think>\nWait.\n</think>"},
        user_turn("2031-05-04T16:30:00+05:45", "\n\nTwo lines\n\nbetween.\n"),
        {"role": "assistant", "content": "Yes.\r\n"},
    ],
    [{"role": "user", "content": "<time>9 hour(s)</time> no line break"}],
]


def test_there_and_back_is_the_same_to_the_byte(tmp_path: Path) -> None:
    (tmp_path / "a.json").write_bytes(phase_list_bytes(TALKS))
    assert convert(tmp_path / "a.json", to="chatml", out=tmp_path / "b.txt")["conversations"] == 3
    convert(tmp_path / "b.txt", to="jsonl", out=tmp_path / "c.jsonl")
    convert(tmp_path / "c.jsonl", to="phases", out=tmp_path / "d.json")
    assert (tmp_path / "d.json").read_bytes() == (tmp_path / "a.json").read_bytes()
    assert not (tmp_path / "a.json").read_bytes().endswith(b"\n")
    convert(tmp_path / "d.json", to="chatml", out=tmp_path / "e.txt")
    assert (tmp_path / "e.txt").read_bytes() == (tmp_path / "b.txt").read_bytes()


words = st.text(st.sampled_from("ab\n\r \t<>|é🕰\u2028"), max_size=12)
turns = st.builds(
    lambda stamp, separator, text: {"role": "user", "content": f"<time>{stamp}</time>{separator}{text}"},
    st.sampled_from(["2031-05-04T16:20:00", "2031-05-04T16:20:00Z", "noon", ""]),
    st.sampled_from(["", "\n", " ", "\n\n"]),
    words,
)
replies = words.map(lambda text: {"role": "assistant", "content": text})
many = st.lists(
    st.lists(st.tuples(turns, replies), min_size=1, max_size=3).map(lambda p: [m for t in p for m in t]), min_size=1
)


@given(many)
@settings(max_examples=100, deadline=None)
def test_any_words_survive_chatml_and_timestamps(
    tmp_path_factory: pytest.TempPathFactory, talks: list[Conversation]
) -> None:
    file = tmp_path_factory.getbasetemp() / "any.txt"
    file.write_bytes("\n".join(chatml(messages) for messages in talks).encode())
    assert read_dialogues(file) == talks
    time = ChatTemplate(TIME_TEMPLATE)
    for messages in talks:
        keyed = with_timestamps(messages)
        assert with_time_tags(keyed) == messages
        assert time.render(keyed) == time.render(messages) == chatml(messages)


def test_tags_become_timestamps_and_tags_again(tmp_path: Path) -> None:
    (tmp_path / "a.json").write_bytes(phase_list_bytes(TALKS))
    convert(tmp_path / "a.json", to="jsonl", out=tmp_path / "b.jsonl", times="key")
    keyed = read_dialogues(tmp_path / "b.jsonl")
    assert keyed[0][0] == {"role": "user", "content": "Is it late?", "timestamp": "2023-02-30T25:00:00"}
    assert keyed[1][1] == TALKS[1][1]  # a tick without a line break is another text than the template would write
    assert keyed[2] == TALKS[2]
    convert(tmp_path / "b.jsonl", to="phases", out=tmp_path / "c.json", times="inline")
    assert read_dialogues(tmp_path / "c.json") == TALKS
    with pytest.raises(UserError, match="--times key: ChatML"):
        convert(tmp_path / "a.json", to="chatml", out=tmp_path / "d.txt", times="key")


def test_metadata_stays_in_json_lines(tmp_path: Path) -> None:
    record = {"messages": TALKS[0], "metadata": {"kind": "invalid", "check": {"notices": "invalid"}}}
    (tmp_path / "a.jsonl").write_text(json.dumps(record) + "\n\n")
    convert(tmp_path / "a.jsonl", to="jsonl", out=tmp_path / "b.jsonl")
    assert list(iterate_records(tmp_path / "b.jsonl")) == [(TALKS[0], record["metadata"])]


def test_strict_times_name_the_message(tmp_path: Path) -> None:
    (tmp_path / "a.json").write_bytes(phase_list_bytes(TALKS))
    with pytest.raises(
        UserError, match=r'a\.json, conversation 1, message 1: the stamp "2023-02-30T25:00:00" is no moment'
    ):
        convert(tmp_path / "a.json", to="jsonl", out=tmp_path / "b.jsonl", strict_times=True)
    result = convert(tmp_path / "a.json", to="jsonl", out=tmp_path / "b.jsonl", strict_times=True, skip_bad=True)
    assert result["conversations"] == 1
    assert [error.partition(": ")[2].partition(" (")[0] for error in result["left_out"]] == [
        'the stamp "2023-02-30T25:00:00" is no moment',
        'the stamp "9 hour(s)" is no moment',
    ]
    assert read_dialogues(tmp_path / "b.jsonl") == TALKS[1:2]
    assert "Left out: 2" in result["screen"]


U, A = {"role": "user", "content": "a"}, {"role": "assistant", "content": "b"}
WRONG: list[tuple[str, Any, str]] = [
    ("no form at all", "once upon a time", r"neither a phase list .*; it begins with 'once upon a time'"),
    ("broken JSON", "[[", r"x: not valid JSON"),
    ("broken line", json.dumps({"messages": [U, A]}) + '\n{"messages', r"x, line 2: not valid JSON"),
    ("not UTF-8", b'{"messages": "\xff"}', r"x: not UTF-8 text \(invalid start byte\)"),
    ("nothing", "\n \n", r"x: no conversations in it"),
    ("empty list", "[]", r"x: no conversations in it"),
    (
        "half a character",
        '[[{"role": "user", "content": "\\ud83d"}]]',
        r"conversation 1, message 1: half of a character",
    ),
    ("no messages", '{"text": "x"}', r'line 1: must be an object with the key "messages"'),
    ("a list too few", [U, A], r"conversation 1: one message where a conversation is expected"),
    ("empty conversation", [[U, A], []], r"conversation 2: an empty conversation"),
    ("wrong order", [[U, A, A]], r'conversation 1, message 3: the role is "assistant" where "user" is next'),
    ("begins with a reply", [[A, U]], r'message 1: the role is "assistant" where "user"'),
    ("system in the middle", [[U, {"role": "system", "content": "s"}, A]], r'message 2: the role is "system"'),
    ("only a system message", [[{"role": "system", "content": "s"}]], r"nothing but a system message"),
    ("open thought", [[U, {"role": "assistant", "content": "b <think>"}]], r"message 2: <think> is never closed"),
    ("closed twice", [[U, {"role": "assistant", "content": "</think>"}]], r"message 2: </think> without <think>"),
    ("number as words", [[{"role": "user", "content": 5}]], r'list of objects with the texts "role" and "content"'),
    ("number as stamp", [[{**U, "timestamp": 5}, A]], r'message 1: "timestamp" must be a text'),
    ("cut ChatML", "<|im_start|>user\na<|im_end|>\n<|im_start|>assistant\nb", r"after message 1 comes .*, not a whole"),
    ("mark in words", [[{"role": "user", "content": "<|im_end|>"}, A]], r"message 1: its words hold <\|im_end\|>"),
]


@pytest.mark.parametrize(("text", "message"), [case[1:] for case in WRONG], ids=[case[0] for case in WRONG])
def test_wrong_input_is_one_line(text: Any, message: str, tmp_path: Path) -> None:
    if isinstance(text, list):
        text = json.dumps(text)
    (tmp_path / "x").write_bytes(text if isinstance(text, bytes) else text.encode())
    with pytest.raises(UserError, match=message) as error:
        convert(tmp_path / "x", to="chatml", out=tmp_path / "y")
    assert str(error.value).startswith(str(tmp_path / "x"))
    assert "\n" not in str(error.value)
    assert not (tmp_path / "y").exists()


def test_what_is_left_out_is_counted(tmp_path: Path) -> None:
    lines = [json.dumps({"messages": [U, A]}), "{broken", json.dumps({"messages": [A]}), json.dumps({"messages": [U]})]
    (tmp_path / "x").write_text("\n".join(lines))
    result = convert(tmp_path / "x", to="phases", out=tmp_path / "y", skip_bad=True)
    assert (result["conversations"], len(result["left_out"])) == (2, 2)
    (tmp_path / "x").write_text("{broken")
    with pytest.raises(UserError, match=r"no conversations|every conversation was left out"):
        convert(tmp_path / "x", to="phases", out=tmp_path / "y", skip_bad=True)
