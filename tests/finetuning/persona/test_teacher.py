"""Conversations from a teacher: a real HTTP server that asks and answers as models do, well and badly."""

import json
import os
import re
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from tests.chat_server import Body, ChatServer
from tests.finetuning.persona.test_command import passage, read, spoken, write_passages

from chronolect.artifacts import digest_tree
from chronolect.finetuning.persona.command import write_personas
from chronolect.finetuning.persona.personas import load_personas

TOKENS = 50  # of a reply, as the server counts


class Sage(ChatServer):
    """A server whose model asks for the ship of the passage and answers with its number of hands; what it is asked is kept."""

    def __init__(self) -> None:
        self.spoil: dict[str, str] = {}  # what stands in the passage -> what its answers hold
        self.mends = False  # whether a spoiled answer is good when it is asked for again
        self.slow_s = 0.0
        super().__init__(self.answer, total_tokens=TOKENS)

    def answer(self, body: Body) -> str:
        time.sleep(self.slow_s)
        return self.reply(body)

    def reply(self, body: dict[str, Any]) -> str:
        system, user = (message["content"] for message in body["messages"])
        ship = re.search(r"of the (\w+) numbered (\d+)", user)
        assert ship is not None
        if "one question" in system.lower():
            watch = user.count("Visitor:") + 1
            return json.dumps(
                {"question": f"How many hands beside {ship[2]} had the {ship[1]} in watch {'abcd'[watch - 1]}?"}
            )
        again = sum(one["messages"] == body["messages"] for one in self.bodies)
        for mark, text in self.spoil.items():
            if mark in user and not (self.mends and again > 1):
                return text if text.startswith("{{") else json.dumps({"answer": text})
        manner = "Plainly" if "no character" in system else "Upon my word"
        return json.dumps({"answer": f"{manner}, the {ship[1]} had {ship[2]} hands."})


@pytest.fixture
def sage() -> Iterator[Sage]:
    with Sage() as found:
        yield found


def make(sage: Sage, file: Path, out: Path, **settings: Any) -> dict[str, Any]:
    default: dict[str, Any] = {
        "personas": ["victorian-clerk"],
        "per_passage": 1,
        "unknown_share": 0.0,
        "fact_share": 0.0,
        "plain_share": 0.0,
    }
    return write_personas(file, out=out, teacher_url=sage.url, teacher_model="sage", **(default | settings))


def test_the_persona_is_in_the_prompt_and_the_question_comes_first(sage: Sage, tmp_path: Path) -> None:
    file = write_passages(tmp_path / "a.jsonl", *(passage(book, 0) for book in range(10)))
    make(sage, file, tmp_path / "out", plain_share=1.0, concurrency=1)
    rows = read(tmp_path / "out" / "train.jsonl") + read(tmp_path / "out" / "val.jsonl")
    assert {row["metadata"]["turns"] for row in rows} == {1, 2, 3}
    assert {row["metadata"]["generator"] for row in rows} == {"sage"}
    (clerk,) = load_personas(["victorian-clerk"])
    asked = [one["messages"][0]["content"] for one in sage.bodies]
    answers = [text for text in asked if text.startswith(clerk.system)]
    assert len(answers) == sum(row["metadata"]["turns"] for row in rows) / 2
    assert all(clerk.manner in text and clerk.examples[0].assistant in text for text in answers)
    assert "31 December 1890" in answers[0]
    assert not any("{" in re.sub(r'\{"\w+": "\.\.\."\}', "", text) for text in asked), "every slot is filled"
    for row in rows:
        manner = "Plainly" if row["metadata"]["persona"] == "plain" else "Upon my word"
        assert all(answer.startswith(manner) for answer in spoken(row))
    follow_up = next(one for one in sage.bodies if "puts next" in one["messages"][0]["content"])
    assert "Upon my word" in follow_up["messages"][1]["content"], "a follow-up knows what was said"


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("As the passage says, there were twenty hands on board.", "answer: .*passage"),
        ("**Twenty** hands were on board of her.", "answer: "),
        ("No.", "answer: 3 characters"),
        ("There were twenty hands on board of her and", "answer: unfinished"),
        ("{{not json", "answer: not the JSON"),
        ("There were 77 hands on board of her, I believe.", "answer: 77 is in it"),
        ("There were twenty hands and a transistor radio on board.", "anachronism: .*transistor"),
    ],
)
def test_a_bad_answer_is_dropped_or_asked_for_again(sage: Sage, text: str, reason: str, tmp_path: Path) -> None:
    file = write_passages(tmp_path / "a.jsonl", *(passage(book, 0) for book in range(3)))
    sage.spoil = {"Pequod": text}
    make(sage, file, tmp_path / "out", turns=1)
    (dropped,) = read(tmp_path / "out" / "dropped.jsonl")
    assert dropped["metadata"]["source_id"] == "Pequod"
    assert re.match(reason, dropped["reason"])
    if not reason.startswith("anachronism"):
        sage.mends = True
        sage.bodies.clear()
        make(sage, file, tmp_path / "again", turns=1)
        assert read(tmp_path / "again" / "dropped.jsonl") == []


def test_a_budget_stops_and_a_larger_one_goes_on(sage: Sage, tmp_path: Path) -> None:
    file = write_passages(tmp_path / "a.jsonl", *(passage(book, 0) for book in range(8)))
    result = make(sage, file, tmp_path / "out", turns=1, budget_tokens=3 * TOKENS, concurrency=1)
    assert result["unasked"] == 6
    assert len(sage.bodies) == 4
    result = make(sage, file, tmp_path / "out", turns=1, concurrency=4)
    assert "unasked" not in result
    assert len(sage.bodies) == 16, "nothing was asked twice"
    make(sage, file, tmp_path / "whole", turns=1, concurrency=1)
    assert read(tmp_path / "out" / "train.jsonl") == read(tmp_path / "whole" / "train.jsonl")


def test_a_full_book_is_not_asked_about(sage: Sage, tmp_path: Path) -> None:
    file = write_passages(tmp_path / "a.jsonl", *(passage(0, chunk) for chunk in range(30)), passage(1, 0))
    result = make(sage, file, tmp_path / "out", turns=1, cap=40, concurrency=2)
    kept = result["train"] + result["val"]
    assert result["dropped"] == {"cap": 31 - kept}
    assert result["target_tokens"]["source"]["Albatross"] > 0
    assert len(sage.bodies) <= 2 * (kept + 5), "those in flight when the book was full, and no more"
    alone = make(sage, file, tmp_path / "alone", turns=1, cap=40, concurrency=1)
    assert digest_tree(tmp_path / "alone") == digest_tree(tmp_path / "out")
    assert alone == result


def test_a_killed_run_goes_on_to_the_same_result(sage: Sage, tmp_path: Path) -> None:
    file = write_passages(tmp_path / "a.jsonl", *(passage(book, chunk) for book in range(8) for chunk in range(3)))
    make(sage, file, tmp_path / "whole", turns=2)
    asked = len(sage.bodies)
    sage.bodies.clear()
    sage.slow_s = 0.05
    script = (
        "import sys; from pathlib import Path; from chronolect.finetuning.persona.command import write_personas; "
        "write_personas(Path(sys.argv[1]), out=Path(sys.argv[2]), personas=['victorian-clerk'], per_passage=1, unknown_share=0.0, "
        "fact_share=0.0, plain_share=0.0, turns=2, teacher_url=sys.argv[3], teacher_model='sage', concurrency=2)"
    )
    run = subprocess.Popen([sys.executable, "-c", script, str(file), str(tmp_path / "killed"), sage.url])
    answers = tmp_path / "killed.answers.jsonl"
    while run.poll() is None and (not answers.exists() or answers.read_bytes().count(b"\n") < 5):
        time.sleep(0.01)
    os.kill(run.pid, signal.SIGKILL)
    run.wait()
    kept = answers.read_bytes().count(b"\n")
    assert 5 <= kept < 24
    assert not (tmp_path / "killed").exists()
    with open(answers, "ab") as file_of_answers:
        file_of_answers.write(b'{"key": "torn')
    sage.slow_s = 0.0
    make(sage, file, tmp_path / "killed", turns=2, concurrency=2)
    assert digest_tree(tmp_path / "killed") == digest_tree(tmp_path / "whole")
    # at most the two conversations in flight were asked for again
    assert len(sage.bodies) <= asked + 2 * 4
