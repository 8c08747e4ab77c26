"""The command: from a script, through a pipe and at a terminal; with a real server and a real folder."""

import json
import os
import pty
import select
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from tests.chat_server import Body, ChatServer, Died

import chronolect.models.server
from chronolect.dialogue.files import read_dialogues
from chronolect.errors import UserError
from chronolect.serving.chat import chat

PROGRAM = (
    "import json, sys; from chronolect.cli import print_result; from chronolect.serving.chat import chat; "
    "flags = json.loads(sys.argv[1]); print_result(chat(flags.pop('model'), **flags), as_json=False)"
)
SCRIPT = """\
# an afternoon of baking
The bread needs 30 minutes.
/wait 20 minutes
/wait 15 minutes

/at 2024-03-08T09:00
How long ago was that?
"""


def baker(body: Body) -> str:
    """What a model with a sense of time says."""
    last, first = body["messages"][-1]["content"], body["messages"][0]["content"]
    if last.endswith("</time>\n"):
        minutes = (int(last[17:19]) - int(first[17:19])) * 60 + int(last[20:22]) - int(first[20:22])
        return "Take it out!" if minutes == 30 else "<think>\nNot now.\n</think>"
    if "How long" in last:
        return f"<think>\n8 - 1 = 7.\n</think>\nThat was {int(last[14:16]) - int(first[14:16])} days ago."
    return "I will tell you."


@pytest.fixture
def server() -> Iterator[ChatServer]:
    with ChatServer(baker, names=["lab/baker"]) as running:
        yield running


def write(path: Path, text: str) -> Path:
    path.write_text(text, encoding="utf-8")
    return path


def simulated(server: ChatServer, script: Path, **more: Any) -> dict[str, Any]:
    flags = {"clock": "simulated", "start": "2024-03-01T10:00:00", "speed": 0.0, "tick_every": 600.0, **more}
    return chat(server.url, script=script, **flags)


def test_a_script_on_a_simulated_clock(server: ChatServer, tmp_path: Path) -> None:
    saved = tmp_path / "chats" / "bread.jsonl"
    found = simulated(server, write(tmp_path / "script.txt", SCRIPT), save=saved)
    assert found["screen"].splitlines() == [
        "[2024-03-01T10:00:00] you: The bread needs 30 minutes.",
        "baker: I will tell you.",
        "[2024-03-01T10:10:00] (time passes)",
        "baker: (says nothing)",
        "[2024-03-01T10:20:00] (time passes)",
        "baker: (says nothing)",
        "[2024-03-01T10:30:00] (time passes)",
        "baker: Take it out!",
        "[2024-03-08T09:00:00] you: How long ago was that?",
        "baker: That was 7 days ago.",
    ]
    assert {key: found[key] for key in ("turns", "ticks", "silences", "failures")} == {
        "turns": 2,
        "ticks": 3,
        "silences": 2,
        "failures": 0,
    }
    row = json.loads(saved.read_text())
    assert row["messages"] == found["messages"]
    assert row["messages"][-1]["content"] == "<think>\n8 - 1 = 7.\n</think>\nThat was 7 days ago."
    assert row["metadata"]["model"] == "lab/baker"
    assert server.bodies[0]["temperature"] == 0.6


def test_a_chat_goes_on_where_it_ended(server: ChatServer, tmp_path: Path) -> None:
    whole = simulated(server, write(tmp_path / "whole.txt", SCRIPT))
    saved = tmp_path / "bread.json"
    first = "".join(SCRIPT.splitlines(keepends=True)[:3])
    simulated(server, write(tmp_path / "one.txt", first), save=saved)
    assert saved.read_bytes().startswith(b"[\n  [\n")
    rest = "/at 2024-03-08T09:00\nHow long ago was that?\n/now"
    found = chat(server.url, clock="simulated", speed=0, script=write(tmp_path / "two.txt", rest), resume=saved)
    assert found["messages"][:6] == whole["messages"][:6]
    assert found["messages"][-1] == whole["messages"][-1]
    assert read_dialogues(saved) == [found["messages"]]
    with pytest.raises(UserError, match="leave --system out"):
        chat(server.url, resume=saved, system="Be brief.")
    with pytest.raises(UserError, match="the file exists"):
        chat(server.url, save=saved)


def test_thoughts_and_stamps_on_purpose(server: ChatServer, tmp_path: Path) -> None:
    script = write(tmp_path / "script.txt", "/thoughts\n/stamp 2024-02-30T10:00\nHello.\n//now\n/tick\n/quit\nNever.\n")
    found = simulated(server, script, timezone="Asia/Kolkata")
    assert found["screen"].splitlines() == [
        "[2024-02-30T10:00] you: Hello.",
        "baker: I will tell you.",
        "[2024-03-01T10:00:00+05:30] you: /now",
        "baker: I will tell you.",
        "[2024-03-01T10:00:00+05:30] (time passes)",
        "baker: (thinks: Not now.) (says nothing)",
    ]


def test_a_server_that_dies_leaves_the_turn_to_be_asked_again(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(chronolect.models.server, "_WAITS_S", ())
    saved = tmp_path / "chat.jsonl"
    script = write(tmp_path / "script.txt", SCRIPT)

    def dying(body: Body) -> str:
        if "How long" in body["messages"][-1]["content"]:
            raise Died
        return baker(body)

    with (
        ChatServer(dying, names=["lab/baker"]) as server,
        pytest.raises(UserError, match=r"script.txt, line 7: .*no answer"),
    ):
        simulated(server, script, save=saved)
    kept = json.loads(saved.read_text())["messages"]
    assert kept[-1] == {"role": "user", "content": "<time>2024-03-08T09:00:00</time>\nHow long ago was that?"}
    with ChatServer(baker, names=["lab/baker"], port=server.port) as server:
        found = chat(server.url, resume=saved, clock="simulated", script=write(tmp_path / "rest.txt", "/quit\n"))
    assert found["messages"][:-1] == kept
    assert "7 days ago" in found["messages"][-1]["content"]


@pytest.mark.parametrize(
    ("script", "words"),
    [
        ("/wit 3 days", r"line 1: /wit: no such command \(did you mean \"/wait\"\?\)"),
        ("Hello.\n/wait soon", "line 2: .*no length of time"),
        ("/at 2024-02-30", "line 1: .*February 2024 has 29 days"),
        ("/stamp", "line 1: which stamp"),
        ("/retry", "line 1: nothing to retry"),
    ],
)
def test_what_a_script_gets_wrong(server: ChatServer, tmp_path: Path, script: str, words: str) -> None:
    with pytest.raises(UserError, match=words):
        simulated(server, write(tmp_path / "script.txt", script))


@pytest.mark.parametrize(
    ("flags", "words"),
    [
        ({"start": "2024-01-01"}, "--start: the real clock"),
        ({"clock": "simulated", "start": "noon"}, "no moment"),
        ({"timezone": "Mars"}, "--timezone Mars"),
        ({"tick_every": 0.0}, "--tick-every"),
        ({"max_tokens": 0}, "--max-tokens"),
        ({"speed": -1.0}, "--speed"),
        ({"script": Path("nowhere.txt")}, "no such file"),
        ({"resume": Path("nowhere.jsonl")}, "no such file"),
    ],
)
def test_wrong_flags(flags: dict[str, Any], words: str) -> None:
    with pytest.raises(UserError, match=words):
        chat("dummy", **flags)


def test_through_a_pipe_with_a_folder(
    chat_folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """The lines come in, the conversation goes out; what is shown holds no letter that steers a terminal."""
    outside, inside = os.pipe()
    os.write(inside, b"Hello.\n/wait 2 hours\r\nGoodbye.")
    os.close(inside)
    saved = tmp_path / "chat.jsonl"
    with open(outside) as stdin:
        monkeypatch.setattr(sys, "stdin", stdin)
        found = chat(
            str(chat_folder),
            clock="simulated",
            start="2024-03-01T10:00:00",
            speed=0,
            save=saved,
            max_tokens=12,
            threads=1,
        )
    shown = found["screen"].splitlines()
    assert shown[0] == "[2024-03-01T10:00:00] you: Hello."
    assert "[2024-03-01T12:00:00] you: Goodbye." in shown
    assert "you: Hello." in capsys.readouterr().err
    assert not any(ord(letter) < 32 and letter not in "\n\t" for letter in found["screen"])
    (messages,) = read_dialogues(saved)
    assert messages == found["messages"]
    assert [message["role"] for message in messages] == ["user", "assistant"] * 2


class Screen:
    """A program at a terminal of its own."""

    def __init__(self, flags: dict[str, Any]) -> None:
        inside, outside = pty.openpty()[::-1]
        self.process = subprocess.Popen(
            [sys.executable, "-c", PROGRAM, json.dumps(flags)],
            stdin=inside,
            stdout=inside,
            stderr=inside,
            close_fds=True,
            start_new_session=True,
            preexec_fn=_own_terminal,
        )
        os.close(inside)
        self._outside = outside
        self._seen = ""

    def wait_for(self, words: str) -> None:
        deadline = time.monotonic() + 60
        while words not in self._seen:
            assert time.monotonic() < deadline, self._seen
            if select.select([self._outside], [], [], 1)[0]:
                try:
                    self._seen += os.read(self._outside, 4096).decode(errors="replace")
                except OSError:  # the program has ended
                    break
        assert words in self._seen, self._seen
        self._seen = self._seen.partition(words)[2]

    def type(self, line: str) -> None:
        os.write(self._outside, line.encode())


def _own_terminal() -> None:
    import fcntl
    import termios

    fcntl.ioctl(0, termios.TIOCSCTTY, 0)
    signal.signal(signal.SIGINT, signal.SIG_DFL)  # ignored where the tests themselves run in the background of a script


@pytest.fixture
def screen() -> Iterator[Callable[..., Screen]]:
    screens: list[Screen] = []

    def start(**flags: Any) -> Screen:
        screens.append(Screen(flags))
        return screens[-1]

    yield start
    for one in screens:
        one.process.kill()
        one.process.wait()


def test_at_a_terminal(server: ChatServer, screen: Callable[..., Screen]) -> None:
    at = screen(model=server.url, clock="simulated", start="2024-03-01T10:00:00", speed=0, tick_every=1800)
    at.wait_for("you> ")
    at.type("The bread needs 30 minutes.\n")
    at.wait_for("baker: I will tell you.")
    at.type("/wit 1 hour\n")
    at.wait_for('(/wit: no such command (did you mean "/wait"?)')
    at.type("/wait 40 minutes\n")
    at.wait_for("[2024-03-01T10:30:00] (time passes)")
    at.wait_for("baker: Take it out!")
    at.wait_for("(it is 2024-03-01T10:40:00)")
    at.wait_for("you> ")
    at.type("\x04")
    at.wait_for("1 turn, 1 tick")
    assert at.process.wait(timeout=30) == 0


def test_a_reply_that_takes_too_long_is_interrupted_and_asked_for_again(screen: Callable[..., Screen]) -> None:
    released, asked = threading.Event(), threading.Event()

    def slow(body: Body) -> str:
        if not asked.is_set():
            asked.set()
            released.wait(60)
        return baker(body)

    with ChatServer(slow, names=["lab/baker"]) as server:
        at = screen(model=server.url, clock="simulated", start="2024-03-01T10:00:00", speed=0)
        at.wait_for("you> ")
        at.type("Hello.\n")
        assert asked.wait(60)
        os.killpg(at.process.pid, signal.SIGINT)
        at.wait_for("(interrupted; /retry asks again")
        at.type("Hello?\n")
        at.wait_for("(the last turn has no reply yet")
        at.type("/retry\n")
        at.wait_for("baker: I will tell you.")
        at.type("/quit\n")
        at.wait_for("1 turn")
        assert at.process.wait(timeout=30) == 0
        released.set()


def test_ticks_come_while_a_person_thinks_and_ctrl_c_ends_it(server: ChatServer, screen: Callable[..., Screen]) -> None:
    at = screen(
        model=server.url, clock="simulated", start="2024-03-01T10:00:00", speed=6000, tick_every=600, most_ticks=2
    )
    at.wait_for("you> ")
    at.type("Hello.\n")
    at.wait_for("baker: I will tell you.")
    at.wait_for("(time passes)")
    at.wait_for("(time passes)")
    at.wait_for("you> ")
    os.killpg(at.process.pid, signal.SIGINT)
    at.wait_for("1 turn, 2 ticks")
    assert at.process.wait(timeout=30) == 0


def test_a_script_that_is_no_text_and_a_speed_that_is_no_number(tmp_path: Path) -> None:
    script = tmp_path / "script.txt"
    script.write_bytes(b"\xff\xfe")
    with pytest.raises(UserError, match=r"script.txt: not UTF-8 text"):
        chat("dummy", script=script)
    for flags in ({"speed": float("nan")}, {"speed": float("inf")}, {"tick_every": float("nan")}):
        with pytest.raises(UserError, match=r"--speed|--tick-every"):
            chat("dummy", clock="simulated", script=script, **flags)  # type: ignore[arg-type]
