"""Held-out dialogues: asked, judged, compared; against a real server, a real folder and a process that is killed."""

import json
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from tests.chat_server import Body, ChatServer, Refused

from chronolect.artifacts import MANIFEST, read_json
from chronolect.dialogue.messages import user_turn
from chronolect.errors import UserError
from chronolect.evaluation.dialogue.command import eval_dialogue

DAYS = range(2, 12)


def test_line(slug: str, kind: str, messages: list[dict[str, str]], check: dict[str, Any], **more: Any) -> str:
    metadata = {"id": slug, "kind": kind, "phase": 2, "check": check, **more}
    return json.dumps({"messages": messages, "metadata": metadata}) + "\n"


test_line.__test__ = False  # type: ignore[attr-defined]


@pytest.fixture
def tests(tmp_path: Path) -> Path:
    """Ten dialogues that ask how long it has been; ten ticks, of which every other one wants a reply."""
    lines = []
    for days in DAYS:
        messages = [
            user_turn("2024-03-01T10:00:00", "I am sowing the peas."),
            {"role": "assistant", "content": "Good.\n<think>\nSown on 1 March.\n</think>\nTell me how they do."},
            user_turn(f"2024-03-{1 + days:02}T10:00:00", "How long ago did I sow them?"),
        ]
        wording = "unseen" if days % 2 else "seen"
        lines.append(
            test_line(f"elapsed-{days}", "elapsed", messages, {"duration_s": days * 86_400.0}, wording=wording)
        )
    for number in range(10):
        due = number % 2 == 1
        messages = [
            user_turn("2024-03-01T10:00:00", "The bread must come out in 30 minutes. Tell me then."),
            {"role": "assistant", "content": "I will."},
            user_turn(f"2024-03-01T10:{30 + number if due else 5 + number:02}:00", ""),
        ]
        check = {"silent": False, "says": [["bread"]]} if due else {"silent": True}
        lines.append(test_line(f"tick-{number}", "tick", messages, check, wording="seen"))
    path = tmp_path / "tests.jsonl"
    path.write_text("".join(lines), encoding="utf-8")
    return path


def ideal(body: Body) -> str:
    """What a model with a sense of time says."""
    last = body["messages"][-1]["content"]
    if "How long" in last:
        return f"Let me see.\n<think>\nFrom the first.\n</think>\nThat was {int(last[14:16]) - 1} days ago."
    due = int(last[20:22]) >= 30
    return "Take the bread out now." if due else "<think>\nNot yet.\n</think>"


def talker(body: Body) -> str:
    """What a model without one says."""
    return "That was 3 days ago." if "How long" in body["messages"][-1]["content"] else "Take the bread out now."


def test_models_are_judged_and_compared(tests: Path, tmp_path: Path) -> None:
    out = tmp_path / "dialogue"
    with ChatServer(talker) as before, ChatServer(ideal) as after:
        found = eval_dialogue([before.url, after.url], names=["base", "phase 4"], tests=tests, out=out, show=1)
        sent = before.bodies[0]
        assert sent["messages"][0] == user_turn("2024-03-01T10:00:00", "I am sowing the peas.")
        assert "<think>" in sent["messages"][1]["content"]
        assert (sent["max_tokens"], sent["temperature"]) == (160, 0.0)
    base, best = found["models"]
    assert best["all"] == {"accuracy": 1.0, "correct": 20, "n": 20, "low": pytest.approx(0.839, abs=1e-3), "high": 1.0}
    assert base["by_kind"]["elapsed"]["correct"] == 1
    assert base["by_kind"]["elapsed"]["by_wording"]["unseen"]["correct"] == 1
    assert base["by_kind"]["elapsed"]["by_wording"]["seen"]["n"] == 5
    ticks = base["by_kind"]["tick"]
    assert (ticks["accuracy"], ticks["balanced"]) == (0.5, 0.5)
    assert ticks["by_wanted"]["silence"]["correct"] == 0
    assert (base["silence"]["kept"]["correct"], base["silence"]["spoke"]["correct"]) == (0, 5)
    assert best["silence"]["balanced"] == 1.0
    assert best["form"]["with_thoughts"]["correct"] == 15
    (pair,) = found["comparisons"]
    assert (pair["first"], pair["second"], pair["follows"]) == ("base", "phase 4", True)
    assert pair["difference"]["value"] == pytest.approx(0.7)
    assert pair["p"] == pytest.approx(2 / 2**14)  # 14 differ, all one way
    assert pair["by_kind"]["tick"]["difference"]["value"] == pytest.approx(0.5)
    fixed = found["fixed_replies"]
    assert (fixed["tick"]["accuracy"], fixed["elapsed"]["accuracy"]) == (0.5, 0.1)
    assert "phase 4 - base: +70.0 points" in found["screen"]
    assert read_json(out / "dialogue.json")["models"] == found["models"]
    rows = [json.loads(line) for line in (out / "replies.jsonl").read_text().splitlines()]
    assert len(rows) == 40
    assert {row["passed"] for row in rows if row["model"] == "phase 4"} == {True}
    assert all(row["reason"] for row in rows if not row["passed"])
    page = (out / "dialogue.html").read_text()
    assert "phase 4: 100.0 % of 20 held-out dialogues" in page
    assert "&lt;think&gt;" in page
    assert "<think>" not in page
    assert read_json(out / MANIFEST)["counts"]["right"] == {"base": 6, "phase 4": 20}


def test_what_was_said_is_not_asked_again(tests: Path, tmp_path: Path) -> None:
    with ChatServer(ideal) as server:
        first = eval_dialogue([server.url], names=["one"], tests=tests, out=tmp_path / "out", limit=6)
        assert len(server.bodies) == 6
        assert first["tests"]["by_kind"] == {"elapsed": 3, "tick": 3}
        assert {sort: part["n"] for sort, part in first["models"][0]["by_kind"]["tick"]["by_wanted"].items()} in (
            {"silence": 2, "answer": 1},
            {"silence": 1, "answer": 2},
        )
        again = eval_dialogue([server.url], names=["one"], tests=tests, out=tmp_path / "out", limit=6)
        assert len(server.bodies) == 6
        assert again["models"] == first["models"]
        eval_dialogue([server.url], names=["one"], tests=tests, out=tmp_path / "out")
        assert len(server.bodies) == 20


def test_a_test_without_an_answer_is_not_counted(tests: Path, tmp_path: Path) -> None:
    def picky(body: Body) -> str:
        if "2024-03-05" in body["messages"][-1]["content"]:
            raise Refused(400, "too long")
        return ideal(body)

    with ChatServer(picky) as server:
        found = eval_dialogue([server.url], names=["picky"], tests=tests, out=tmp_path / "out")
    (model,) = found["models"]
    assert (model["unanswered"], model["all"]["n"], model["all"]["accuracy"]) == (1, 19, 1.0)
    assert "not counted: picky: 1" in found["screen"]


def test_a_folder_whose_run_is_killed_goes_on(tests: Path, tmp_path: Path, chat_folder: Path) -> None:
    """The second run asks only what the first had not, and finds what an undisturbed one finds."""
    whole = eval_dialogue([str(chat_folder)], names=["tiny"], tests=tests, out=tmp_path / "whole", max_tokens=8)
    program = (
        "import sys; from pathlib import Path; from chronolect.evaluation.dialogue.command import eval_dialogue as run; "
        "run([sys.argv[1]], names=['tiny'], tests=Path(sys.argv[2]), out=Path(sys.argv[3]), max_tokens=8, batch_size=1)"
    )
    arguments = [sys.executable, "-c", program, str(chat_folder), str(tests), str(tmp_path / "cut")]
    process = subprocess.Popen(arguments, stderr=subprocess.DEVNULL)
    store = tmp_path / "cut_generations.jsonl"
    deadline = time.monotonic() + 60
    while not store.exists() or store.read_bytes().count(b"\n") < 3:
        assert time.monotonic() < deadline
        time.sleep(0.01)
    process.send_signal(signal.SIGKILL)
    process.wait()
    resumed = eval_dialogue([str(chat_folder)], names=["tiny"], tests=tests, out=tmp_path / "cut", max_tokens=8)
    assert resumed["models"] == whole["models"]
    replies = [(tmp_path / name / "replies.jsonl").read_text() for name in ("whole", "cut")]
    assert replies[0] == replies[1]


def test_to_be_cut_off_while_thinking_is_no_silence(tests: Path, tmp_path: Path) -> None:
    with ChatServer(lambda body: "<think>\nThe bread went in at ten, and") as server:
        found = eval_dialogue([server.url], names=["slow"], tests=tests, out=tmp_path / "out")
    (model,) = found["models"]
    assert model["all"]["correct"] == model["silence"]["kept"]["correct"] == 0
    assert model["silence"]["kept"]["n"] == 5
    assert model["form"]["broken_tags"]["correct"] == 20
    assert found["fixed_replies"]["tick"]["reply"] == ""  # silence itself is right on half of them


@pytest.mark.parametrize(
    ("change", "words"),
    [
        (lambda rows: rows[0]["metadata"].pop("check"), 'no "check" in its metadata'),
        (lambda rows: rows[0]["messages"].append({"role": "assistant", "content": "Yes."}), "must end with a message"),
        (lambda rows: rows[1]["metadata"].update(id="elapsed-2"), 'the id "elapsed-2" stands twice'),
        (lambda rows: rows[0]["metadata"].update(check={"duration": 5}), "duration"),
        (lambda rows: rows.clear(), "no conversations in it"),
    ],
)
def test_what_cannot_be_judged(
    tests: Path, tmp_path: Path, change: Callable[[list[dict[str, Any]]], Any], words: str
) -> None:
    rows = [json.loads(line) for line in tests.read_text().splitlines()]
    change(rows)
    tests.write_text("".join(json.dumps(row) + "\n" for row in rows))
    with pytest.raises(UserError, match=words) as caught:
        eval_dialogue(["dummy"], tests=tests, out=tmp_path / "out")
    assert str(tests) in str(caught.value)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize(
    ("flags", "words"),
    [
        ({"models": []}, "no model to ask"),
        ({"models": ["dummy", "dummy"]}, 'two models are called "dummy"'),
        ({"models": ["nowhere"]}, "no such model"),
        ({"max_tokens": 0}, "--max-tokens 0"),
        ({"temperature": -1.0}, "--temperature -1.0"),
        ({"limit": 0}, "--limit 0"),
        ({"chat_template": "tim"}, "did you mean"),
    ],
)
def test_wrong_flags(tests: Path, tmp_path: Path, flags: dict[str, Any], words: str) -> None:
    with pytest.raises(UserError, match=words):
        eval_dialogue(**{"models": ["dummy"], "tests": tests, "out": tmp_path / "out", **flags})
    assert not (tmp_path / "out").exists()
