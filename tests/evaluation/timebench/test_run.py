"""Running the benchmark against real servers and models: the published file, whatever happens on the way."""

import json
import os
import signal
import subprocess
import sys
import threading
from pathlib import Path
from typing import Any

import pytest
from tests.chat_server import Body, ChatServer, Died, Refused
from tests.evaluation.timebench.made import read, says, write_scenarios

from chronolect.errors import UserError
from chronolect.evaluation.timebench.run import eval_timebench_run
from chronolect.evaluation.timebench.seeds import run_seeds
from chronolect.models.server import ServerModel


@pytest.fixture(autouse=True)
def impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("chronolect.models.server._WAITS_S", (0.01, 0.01))


@pytest.fixture(scope="module")
def scenarios(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_scenarios(tmp_path_factory.mktemp("scenarios") / "scenarios.json")


@pytest.fixture(scope="module")
def whole(scenarios: Path, tmp_path_factory: pytest.TempPathFactory) -> bytes:
    """The file of a run that nothing disturbed."""
    out = tmp_path_factory.mktemp("whole") / "tiny_output.json"
    with ChatServer(says) as server:
        eval_timebench_run(server.url, scenarios=scenarios, out=out)
    return out.read_bytes()


def is_burn_in(body: Body) -> bool:
    return body.get("max_tokens") == 1


def test_the_published_seeds() -> None:
    seeds = run_seeds(77, 10)
    assert seeds[0][:3] == [2506767605, 522053129, 3507356096]
    assert seeds[76][9] == 2778823917
    assert run_seeds(80, 10)[:77] == seeds


def test_what_is_sent_and_what_is_written(scenarios: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    with ChatServer(says, names=("maker/Tiny-4B.gguf",)) as server:
        counts = eval_timebench_run(server.url, scenarios=scenarios, runs=2, limit=7)
    assert counts["out"] == "Outputs/maker_Tiny-4B_output.json"
    assert (counts["answers"], counts["failed"], counts["from_before"]) == (14, 0, 0)
    text = (tmp_path / counts["out"]).read_text()
    assert text.isascii()
    assert text == json.dumps(json.loads(text), indent=4)
    given, seeds = read(scenarios), run_seeds(77, 2)
    records = json.loads(text)
    for place, record in enumerate(records):
        number, run = place // 2 * 11, place % 2
        assert list(record) == ["test_messages", "objective", "category", "response", "output_length", "seed"]
        assert {key: record[key] for key in given[0]} == given[number]
        assert record["seed"] == seeds[number][run]
        assert record["output_length"] == len(record["response"].split())
    assert len({record["category"] for record in records}) == 7
    burnt = [body for body in server.bodies if is_burn_in(body)]
    assert len(burnt) == 7
    assert all(sorted(body) == ["max_tokens", "messages", "model", "temperature"] for body in burnt)
    assert {body["temperature"] for body in burnt} == {0.7}
    for body in server.bodies:
        if not is_burn_in(body):
            assert sorted(body) == ["messages", "model", "seed", "temperature", "top_k", "top_p"]
            assert (body["temperature"], body["top_p"], body["top_k"]) == (0.6, 0.95, 20)
            first = next(place for place, one in enumerate(server.bodies) if one["messages"] == body["messages"])
            assert is_burn_in(server.bodies[first])  # before any run of the scenario


def test_without_thoughts_the_switch_stands_behind_the_last_words(
    scenarios: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    with ChatServer(says) as server:
        counts = eval_timebench_run(
            server.url, scenarios=scenarios, runs=1, limit=1, no_think=True, burn_in=False, max_tokens=50, top_k=0
        )
    assert counts["out"] == "Outputs/tiny-No-Thinking_output.json"
    (body,) = server.bodies
    assert body["messages"][-1]["content"].endswith("¿días?/no_think")
    assert body["messages"][0] == read(scenarios)[0]["test_messages"][0]
    assert sorted(body) == ["max_tokens", "messages", "model", "seed", "temperature", "top_p"]
    assert read(tmp_path / counts["out"])[0]["test_messages"] == read(scenarios)[0]["test_messages"]


def test_a_server_that_dies_in_run_400_of_770(scenarios: Path, tmp_path: Path, whole: bytes) -> None:
    out = tmp_path / "tiny_output.json"
    lock, answered = threading.Lock(), 0

    def dies(body: Body) -> str:
        nonlocal answered
        if not is_burn_in(body):
            with lock:
                answered += 1
                if answered >= 400:
                    raise Died
        return says(body)

    first = ChatServer(dies)
    with pytest.raises(
        UserError, match=r"is the server running\?; 399 of 770 answers are kept; the same command"
    ) as error:
        eval_timebench_run(first.url, scenarios=scenarios, out=out)
    assert "\n" not in str(error.value)
    assert not out.exists()
    with ChatServer(says, port=first.port) as second:
        counts = eval_timebench_run(second.url, scenarios=scenarios, out=out)
        assert sum(not is_burn_in(body) for body in second.bodies) == 371
    assert (counts["answers"], counts["from_before"], counts["failed"]) == (770, 399, 0)
    assert out.read_bytes() == whole
    assert sorted(path.name for path in tmp_path.iterdir() if not path.name.startswith(".")) == [
        "tiny_output.json",
        "tiny_output_run.json",
    ]


PROGRAM = """
import sys
from pathlib import Path
from chronolect.evaluation.timebench.run import eval_timebench_run
url, scenarios, out = sys.argv[1:]
eval_timebench_run(url, scenarios=Path(scenarios), out=Path(out), runs=3, limit=20, concurrency=2)
"""


def test_killed_it_goes_on(scenarios: Path, tmp_path: Path) -> None:
    out = tmp_path / "tiny_output.json"
    reached, go_on = threading.Event(), threading.Event()

    def waits(body: Body) -> str:
        if "loaf 38." in body["messages"][0]["content"] and not go_on.is_set():
            reached.set()
            go_on.wait(60)
        return says(body)

    with ChatServer(waits) as server:
        run = subprocess.Popen(
            [sys.executable, "-c", PROGRAM, server.url, str(scenarios), str(out)], stderr=subprocess.DEVNULL
        )
        assert reached.wait(60)
        os.kill(run.pid, signal.SIGKILL)
        run.wait()
        go_on.set()
        journal = tmp_path / "tiny_output.partial.jsonl"
        kept = journal.read_bytes().count(b"\n")
        assert 20 <= kept <= 31
        with journal.open("ab") as file:
            file.write(b'{"key": "half a li')
        asked = sum(not is_burn_in(body) for body in server.bodies)
        counts = eval_timebench_run(server.url, scenarios=scenarios, out=out, runs=3, limit=20)
        assert counts["from_before"] == kept
        assert sum(not is_burn_in(body) for body in server.bodies) - asked == 60 - kept
        eval_timebench_run(server.url, scenarios=scenarios, out=tmp_path / "b_output.json", runs=3, limit=20)
    assert out.read_bytes() == (tmp_path / "b_output.json").read_bytes()


def test_a_published_file_goes_on(scenarios: Path, tmp_path: Path, whole: bytes) -> None:
    """Unfinished, unsorted, with runs that got no answer, and nothing of ours beside it."""
    out = tmp_path / "Model_output.json"
    records = json.loads(whole)
    failed = [{**record, "response": "API_CALL_FAILED: timed out", "output_length": 0} for record in records[3:5]]
    out.write_text(json.dumps([*records[100:760], *failed, *records[5:100]], indent=4))
    with ChatServer(says) as server:
        counts = eval_timebench_run(server.url, scenarios=scenarios, out=out)
        assert sum(not is_burn_in(body) for body in server.bodies) == 15
        assert counts["from_before"] == 755
        assert out.read_bytes() == whole
        server.bodies.clear()
        eval_timebench_run(server.url, scenarios=scenarios, out=out)
        assert server.bodies == []
        again = eval_timebench_run(server.url, scenarios=scenarios, out=out, redo=[0, 76])
        assert [body["messages"][0]["content"][-7:] for body in server.bodies if is_burn_in(body)] == [
            "loaf 0.",
            "oaf 76.",
        ]
        assert (again["from_before"], again["answers"]) == (750, 770)
    assert out.read_bytes() == whole


def test_what_fails_is_written_down_and_tried_again(scenarios: Path, tmp_path: Path, whole: bytes) -> None:
    out = tmp_path / "tiny_output.json"

    def refuses(body: Body) -> str:
        if "loaf 5." in body["messages"][0]["content"]:
            raise Refused(400, "too long for me")
        return says(body)

    with ChatServer(refuses) as server:
        counts = eval_timebench_run(server.url, scenarios=scenarios, out=out)
    assert (counts["answers"], counts["failed"]) == (760, 10)
    assert len(counts["failures"]) == 1
    assert "too long for me" in counts["failures"][0]
    failed = [record for record in read(out) if record["response"].startswith("API_CALL_FAILED: ")]
    assert [record["output_length"] for record in failed] == [0] * 10
    assert read(out)[50:60] == failed
    with ChatServer(says) as server:
        eval_timebench_run(server.url, scenarios=scenarios, out=out)
        assert len(server.bodies) == 11
    assert out.read_bytes() == whole


def test_where_nothing_is_answered_the_error_is_told_at_once(scenarios: Path, tmp_path: Path) -> None:
    def refuses(body: Body) -> str:
        raise Refused(400, "no such template")

    with ChatServer(refuses) as server:
        with pytest.raises(UserError, match=r"HTTP 400.*no such template.*0 of 770 answers"):
            eval_timebench_run(server.url, scenarios=scenarios, out=tmp_path / "o.json", concurrency=1)
        assert 21 <= len(server.bodies) < 30  # the runs of three scenarios, of the third only one
    assert not (tmp_path / "o.partial.jsonl").exists()
    with pytest.raises(UserError, match="is the server running"):
        eval_timebench_run("http://127.0.0.1:9/v1", scenarios=scenarios, out=tmp_path / "o.json")


def test_a_server_that_is_too_slow_for_one_run_is_not_gone(
    scenarios: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    defaults = ServerModel.__init__.__kwdefaults__
    assert defaults is not None
    monkeypatch.setitem(defaults, "timeout_s", 2.0)  # the others must answer in time on a busy machine, too
    done = threading.Event()

    def sleeps(body: Body) -> str:
        if "loaf 0." in body["messages"][0]["content"] and not is_burn_in(body):
            done.wait(20)
        return says(body)

    with ChatServer(sleeps) as server:
        counts = eval_timebench_run(server.url, scenarios=scenarios, out=tmp_path / "o.json", runs=1, limit=20)
        done.set()
    assert (counts["answers"], counts["failed"]) == (19, 1)
    assert "no answer within 2" in counts["failures"][0]


def test_answers_of_one_file_are_made_alike(scenarios: Path, tmp_path: Path, whole: bytes) -> None:
    out = tmp_path / "dummy_output.json"
    flags: dict[str, Any] = {"scenarios": scenarios, "out": out, "limit": 2, "runs": 2}
    eval_timebench_run("dummy", **flags)
    with pytest.raises(UserError, match=r"made with temperature 0\.6, not 0\.7; name another file with --out"):
        eval_timebench_run("dummy", **flags, temperature=0.7)
    with pytest.raises(UserError, match="made with runs 2, not 3"):
        eval_timebench_run("dummy", **{**flags, "runs": 3})
    foreign = tmp_path / "foreign_output.json"
    foreign.write_bytes(whole)
    with pytest.raises(UserError, match=r"run 3: no run of these scenarios"):
        eval_timebench_run("dummy", **{**flags, "out": foreign})
    fewer = write_scenarios(tmp_path / "fewer.json", count=1)
    with pytest.raises(UserError, match=r"run 11: no run of these scenarios"):
        eval_timebench_run("dummy", scenarios=fewer, out=foreign)
    assert eval_timebench_run("dummy", scenarios=scenarios, out=foreign)["from_before"] == 770


def test_a_scenario_of_ours_keeps_its_name_and_check(tmp_path: Path) -> None:
    file = write_scenarios(tmp_path / "s.json", count=1, id="loaf", check={"duration_s": 259200.0})
    eval_timebench_run("dummy", scenarios=file, out=tmp_path / "o.json", runs=1)
    (record,) = read(tmp_path / "o.json")
    assert list(record)[2:6] == ["category", "id", "check", "response"]
    assert record["check"] == {"duration_s": 259200.0}


def test_a_folder_is_asked_in_batches_and_one_that_is_too_long_fails_alone(chat_folder: Path, tmp_path: Path) -> None:
    file = write_scenarios(tmp_path / "s.json", count=3)
    rows = read(file)
    rows[1]["test_messages"][0]["content"] += " Well." * 3000
    file.write_text(json.dumps(rows))
    flags: dict[str, Any] = {"scenarios": file, "runs": 4, "max_tokens": 8, "device": "cpu"}
    counts = eval_timebench_run(str(chat_folder), out=tmp_path / "a.json", concurrency=8, **flags)
    assert (counts["answers"], counts["failed"]) == (8, 4)
    assert "leaves no room for an answer" in counts["failures"][0]
    eval_timebench_run(str(chat_folder), out=tmp_path / "b.json", concurrency=3, **flags)
    assert (tmp_path / "a.json").read_bytes() == (tmp_path / "b.json").read_bytes()
    assert all(0 < record["output_length"] <= 8 for record in read(tmp_path / "a.json")[:4])


@pytest.mark.parametrize(
    ("flags", "said"),
    [
        ({"runs": 0}, "--runs 0: at least 1"),
        ({"seed": -1}, "--seed -1: from 0 to 4,294,967,295"),
        ({"concurrency": 0}, "--concurrency 0"),
        ({"max_tokens": 0}, "--max-tokens 0"),
        ({"top_p": 1.5}, r"--top-p 1\.5: from 0 to 1"),
        ({"temperature": -1.0}, r"--temperature -1\.0"),
        ({"redo": [77]}, r"--redo 77: no such scenario; they are counted from 0 to 76"),
    ],
)
def test_flags_out_of_range(flags: dict[str, Any], said: str, scenarios: Path, tmp_path: Path) -> None:
    with pytest.raises(UserError, match=said):
        eval_timebench_run("dummy", scenarios=scenarios, out=tmp_path / "o.json", **flags)
