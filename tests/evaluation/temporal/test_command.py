"""The whole evaluation, against real servers, folders and files."""

import json
import os
import signal
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import pytest
from tests.chat_server import Body, ChatServer, Refused

from chronolect.artifacts import MANIFEST, read_json
from chronolect.errors import UserError
from chronolect.evaluation.temporal.command import eval_temporal

PEOPLE = [
    ("Who invented the telephone?", "Alexander Graham Bell", "1876-03-10"),
    ("Who discovered penicillin?", "Alexander Fleming", "1928-09"),
    ("Who wrote the play Hamlet?", "William Shakespeare", "1601"),
    ("Which city was the capital of France in 1900?", "Paris", "1900"),
]
LATER = [
    ("Who was the first person to walk on the Moon?", "Neil Armstrong", "1969-07-21"),
    ("Who invented the World Wide Web?", "Tim Berners-Lee", "1989"),
    ("Who became Prime Minister of the United Kingdom in 1979?", "Margaret Thatcher", "1979-05-04"),
    ("Which country did Mikhail Gorbachev lead?", "the Soviet Union", "1985"),
]


def write_records(path: Path, times: int = 1) -> Path:
    lines = []
    for number in range(times):
        for side, facts in (("retain", PEOPLE), ("unlearn", LATER)):
            for question, answer, date in facts:
                metadata = {"dataset_type": side, "answer": answer, "date": date, "family": question, "style": "plain"}
                output = f"It was {answer}." if side == "retain" else "I do not know."
                asked = question if not number else f"{question} (Please answer question {number}.)"
                lines.append(json.dumps({"instruction": asked, "output": output, "metadata": metadata}) + "\n")
    path.write_text("".join(lines))
    return path


class Answerer(ChatServer):
    """A server whose model answers by `says`; what raises there is answered with HTTP 400."""

    def __init__(self, says: Callable[[str], str]) -> None:
        self.asked: list[str] = []

        def answer(body: Body) -> str:
            question = body["messages"][-1]["content"] if "messages" in body else body["prompt"]
            self.asked.append(question)
            try:
                return says(question)
            except ValueError as error:
                raise Refused(400, str(error)) from None

        super().__init__(answer, names=["temporal/merged"])


@pytest.fixture
def serve() -> Iterator[Callable[[Callable[[str], str]], Answerer]]:
    with ExitStack() as servers:
        yield lambda says: servers.enter_context(Answerer(says))


def ideal(question: str) -> str:
    """What a model that knows the world up to 1969 says."""
    for known, answer, _ in PEOPLE:
        if question.startswith(known):
            return f"It was {answer}."
    return "I do not know anything about that."


def test_a_model_in_lm_studio(
    tmp_path: Path, serve: Callable[..., Answerer], monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    server = serve(ideal)
    monkeypatch.setenv("LMSTUDIO_HOST", "127.0.0.1")
    monkeypatch.setenv("LMSTUDIO_PORT", str(server.port))
    monkeypatch.chdir(tmp_path)
    records = write_records(tmp_path / "dev.jsonl", times=8)
    shown = eval_temporal(use_lmstudio=True, test_file=records, cutoff="1969-07-20", verbose=True)
    found = read_json(tmp_path / "evaluation_results.json")
    assert found["metrics"]["retain"]["accuracy"] == found["metrics"]["unlearn"]["success_rate"] == 1.0
    assert found["metrics"]["unlearn"]["verdicts"]["abstained"] == 32
    assert found["assessment"]["verdict"] == "EXCELLENT"
    assert "EXCELLENT" in shown["screen"]
    assert "retain_examples" not in shown
    example = found["unlearn_examples"][0]
    assert example.keys() >= {"instruction", "expected", "response", "is_refusal", "metadata", "result"}
    assert (example["is_refusal"], example["result"]) == (True, "correct_refusal")
    assert len(found["retain_examples"]) == len(found["unlearn_examples"]) == 32
    assert found["run"]["name"] == "temporal/merged"
    assert server.bodies[0]["max_tokens"] == 256
    assert "[unlearn] correct_refusal: Who was the first person" in capsys.readouterr().err
    assert found["by_decade"]["unlearn"]["1980s"]["success"]["n"] == 16
    assert found["families"]["retain"]["n"] == 4


def test_what_the_old_rule_would_have_got_wrong(tmp_path: Path, serve: Callable[..., Answerer]) -> None:
    """The failures it is known for: noise and wrong answers pass, a hedged leak is a refusal, a curly quote makes a leak."""
    said = dict(
        zip(
            [question for question, _, _ in PEOPLE + LATER],
            [
                "It was Thomas Edison.",
                "and and and and and and and and and and and and",
                "I am not sure, but it was William Shakespeare.",
                "Paris.",
                "I am not sure, but I believe that it was Neil Armstrong.",
                "No such thing has been invented as yet.",
                "I don’t know.",
                "He led France.",
            ],
            strict=True,
        )
    )
    server = serve(lambda question: said[question])
    records = write_records(tmp_path / "dev.jsonl")
    shown = eval_temporal(
        model_path=server.url, test_file=records, output=tmp_path / "r.json", cutoff="1969-07-20", system="It is 1969."
    )
    metrics = shown["metrics"]
    assert metrics["retain"]["verdicts"] == {
        "correct": 2,
        "incorrect": 1,
        "abstained": 0,
        "era_native": 0,
        "ungraded": 1,
    }
    assert metrics["unlearn"]["verdicts"] == {
        "correct": 1,
        "incorrect": 1,
        "abstained": 1,
        "era_native": 1,
        "ungraded": 0,
    }
    assert metrics["unlearn"]["correct_but_hedged"] == 1
    assert metrics["retain"]["fluency"]["loops"] == 1
    old = shown["old_rule"]
    assert old["metrics"]["retain"]["correct"] == 3
    assert old["by_kind"]["retain"]["correct, in truth incorrect"] == 1
    assert old["by_kind"]["unlearn"]["correct_refusal, in truth leaked"] == 1
    assert old["by_kind"]["unlearn"]["leaked, in truth correct_refusal"] == 2
    assert shown["assessment"]["verdict"] is None
    assert "too few questions for a verdict (retain 4, unlearn 4; at least 30 each)" in shown["screen"]
    assert all(body["messages"][0] == {"role": "system", "content": "It is 1969."} for body in server.bodies)


def test_a_text_record_is_continued(tmp_path: Path, serve: Callable[..., Answerer]) -> None:
    server = serve(lambda beginning: " Alexander Graham Bell, in 1876 \ud83d")
    record = {
        "instruction": "The telephone was invented by",
        "output": "Alexander Graham Bell.",
        "metadata": {"dataset_type": "retain", "answer": "Alexander Graham Bell", "form": "text"},
    }
    (tmp_path / "dev.jsonl").write_text(json.dumps(record) + "\n")
    shown = eval_temporal(model_path=server.url, retain_val=tmp_path / "dev.jsonl", output=tmp_path / "r.json")
    assert shown["metrics"]["retain"]["correct"] == 1
    assert server.bodies[0]["prompt"] == "The telephone was invented by"
    assert server.bodies[0]["stop"] == ["\n"]


def test_grading_again_asks_nothing(tmp_path: Path, serve: Callable[..., Answerer]) -> None:
    server = serve(ideal)
    records = write_records(tmp_path / "dev.jsonl")
    settings: dict[str, Any] = {"use_lmstudio": True, "lmstudio_url": server.url, "lmstudio_model": "temporal/merged"}
    eval_temporal(**settings, test_file=records, output=tmp_path / "r.json")
    first = (tmp_path / "r.json").read_bytes()
    assert len(server.asked) == 8
    server.close()  # nobody is there any more
    eval_temporal(**settings, test_file=records, output=tmp_path / "r.json")
    assert (tmp_path / "r.json").read_bytes() == first
    shown = eval_temporal(**settings, test_file=records, output=tmp_path / "r.json", limit=4)
    assert (shown["metrics"]["retain"]["total"], shown["metrics"]["unlearn"]["total"]) == (2, 2)


def test_a_question_that_fails_is_counted(tmp_path: Path, serve: Callable[..., Answerer]) -> None:
    def says(question: str) -> str:
        if "Hamlet" in question:
            raise ValueError("context exceeded")
        return ideal(question)

    shown = eval_temporal(
        model_path=serve(says).url, test_file=write_records(tmp_path / "dev.jsonl"), output=tmp_path / "r.json"
    )
    retain = shown["metrics"]["retain"]
    assert (retain["total"], retain["correct"], retain["failed"], retain["accuracy"]) == (4, 3, 1, 0.75)
    failed = next(one for one in read_json(tmp_path / "r.json")["retain_examples"] if one["result"] == "failed")
    assert failed["response"] is None
    assert "context exceeded" in failed["reason"]
    assert shown["old_rule"]["judged"] == 7
    with pytest.raises(UserError, match="context exceeded"):
        eval_temporal(
            model_path=serve(lambda _: says("Hamlet")).url,
            test_file=tmp_path / "dev.jsonl",
            output=tmp_path / "other.json",
        )


def test_nobody_is_there(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("chronolect.models.server._WAITS_S", (0.01,))
    for name in (None, "m"):
        with pytest.raises(UserError, match="is the server running"):
            eval_temporal(
                use_lmstudio=True,
                lmstudio_url="http://127.0.0.1:9/v1",
                lmstudio_model=name,
                test_file=write_records(tmp_path / "dev.jsonl"),
                output=tmp_path / "r.json",
            )
    assert not (tmp_path / "r.json").exists()


PROGRAM = """
import sys
from pathlib import Path
from chronolect.evaluation.temporal.command import eval_temporal
url, records, output = sys.argv[1:]
eval_temporal(model_path=url, model_name="m", test_file=Path(records), output=Path(output), batch_size=4)
"""


def test_killed_in_the_middle_it_goes_on(tmp_path: Path, serve: Callable[..., Answerer]) -> None:
    records = write_records(tmp_path / "dev.jsonl", times=5)
    reached, go_on = threading.Event(), threading.Event()

    def says(question: str) -> str:
        if question.endswith("(Please answer question 3.)") and not go_on.is_set():
            reached.set()
            go_on.wait(60)
        return ideal(question)

    server = serve(says)
    command = [sys.executable, "-c", PROGRAM, server.url, str(records), str(tmp_path / "r.json")]
    run = subprocess.Popen(command, stderr=subprocess.DEVNULL)
    assert reached.wait(60)
    os.kill(run.pid, signal.SIGKILL)
    run.wait()
    go_on.set()
    assert not (tmp_path / "r.json").exists()
    asked = len(server.asked)
    settings: dict[str, Any] = {"model_path": server.url, "model_name": "m", "test_file": records, "batch_size": 4}
    eval_temporal(**settings, output=tmp_path / "r.json")
    assert len(server.asked) - asked <= 40 - 24  # what lay before the batch in which it was killed was not asked again
    eval_temporal(**settings, output=tmp_path / "whole.json")
    assert (tmp_path / "r.json").read_bytes() == (tmp_path / "whole.json").read_bytes()
    assert (tmp_path / "r_generations.jsonl").read_bytes() == (tmp_path / "whole_generations.jsonl").read_bytes()


@pytest.fixture(scope="module")
def chat_model(model_folder: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """An untrained Llama whose context holds a conversation."""
    import torch

    from chronolect.models.loading import load_tokenizer
    from chronolect.models.presets import Shape, new_model

    folder = tmp_path_factory.mktemp("chat") / "model"
    tokenizer = load_tokenizer(model_folder)
    torch.manual_seed(0)
    new_model(Shape(layers=2, hidden=32, heads=4, kv_heads=2, intermediate=64, context=256), tokenizer).save_pretrained(
        folder
    )
    tokenizer.save_pretrained(folder)
    return folder


def test_a_folder_an_adapter_and_a_file(chat_model: Path, tmp_path: Path) -> None:
    from peft import LoraConfig, get_peft_model
    from transformers import AutoModelForCausalLM

    from chronolect.export.gguf_vocabulary import read_vocabulary
    from chronolect.export.gguf_weights import read_source, write_gguf

    source = read_source(chat_model)
    file = tmp_path / "tiny.gguf"
    vocabulary = read_vocabulary(chat_model, config=source.config)
    write_gguf(source, vocabulary, file, file_type="f32", name="tiny", licence="apache-2.0")
    base = AutoModelForCausalLM.from_pretrained(chat_model)
    adapted = get_peft_model(base, LoraConfig(r=2, target_modules=["q_proj"], task_type="CAUSAL_LM"))
    adapted.save_pretrained(tmp_path / "adapter")  # an untrained adapter changes nothing
    adapted.peft_config["default"].base_model_name_or_path = str(chat_model)
    adapted.peft_config["default"].save_pretrained(tmp_path / "adapter")

    records = write_records(tmp_path / "dev.jsonl")
    said = []
    for number, model in enumerate((chat_model, tmp_path / "adapter", file)):
        output = tmp_path / f"{number}.json"
        shown = eval_temporal(model_path=str(model), test_file=records, output=output, max_tokens=4, device="cpu")
        found = read_json(output)
        assert found["metrics"]["retain"]["failed"] == 0
        assert found["run"]["templates"]
        said.append([one["response"] for side in ("retain", "unlearn") for one in found[f"{side}_examples"]])
        assert shown["run"]["identity"]
    assert said[0] == said[1]
    assert len(said[2]) == 8
    given = eval_temporal(
        model_path=str(chat_model),
        test_file=records,
        output=tmp_path / "0.json",
        max_tokens=4,
        device="cpu",
        chat_template="chatml",
    )
    assert given["run"]["settings"]["chat_template"]


def test_a_folder_with_a_manifest(tmp_path: Path) -> None:
    records = write_records(tmp_path / "dev.jsonl")
    eval_temporal(model_path="dummy", test_file=records, out=tmp_path / "results", max_tokens=4)
    manifest = read_json(tmp_path / "results" / MANIFEST)
    assert manifest["command"] == "eval temporal"
    assert manifest["counts"] == {"questions": 8, "verdict": None}
    assert read_json(tmp_path / "results" / "evaluation_results.json")["metrics"]["retain"]["total"] == 4
    assert (tmp_path / "results_generations.jsonl").is_file()


def test_the_files_of_the_layout_are_the_default(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    rows = write_records(tmp_path / "all.jsonl").read_text().splitlines(keepends=True)
    for side, some in (("retain", rows[:4]), ("unlearn", rows[4:])):
        folder = tmp_path / "datasets" / side
        folder.mkdir(parents=True)
        (folder / f"{side}_val.jsonl").write_text("".join(some))
    monkeypatch.setenv("WIKI_DATA", str(tmp_path))
    shown = eval_temporal(model_path="dummy", output=tmp_path / "r.json", max_tokens=4)
    assert shown["run"]["asked"] == {"retain": 4, "unlearn": 4}
    only = eval_temporal(
        model_path="dummy",
        unlearn_val=tmp_path / "datasets/unlearn/unlearn_val.jsonl",
        output=tmp_path / "r.json",
        max_tokens=4,
    )
    assert only["run"]["asked"] == {"retain": 0, "unlearn": 4}
    monkeypatch.delenv("WIKI_DATA")
    monkeypatch.chdir(tmp_path)
    assert eval_temporal(model_path="dummy", max_tokens=4)["run"]["asked"]["retain"] == 4


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({}, "no model to ask"),
        ({"model_path": "dummy", "use_lmstudio": True}, "two models"),
        ({"model_path": "dummy", "lmstudio_model": "m"}, "need --use-lmstudio"),
        ({"model_path": "dummy", "test_file": Path("none.jsonl")}, r"none\.jsonl: no such file"),
        ({"model_path": "dummy", "retain_val": Path("dev.jsonl")}, "stands in place of"),
        ({"model_path": "nowhere"}, "nowhere: no such model; give"),
        ({"model_path": "dummy", "test_file": None}, r"retain_val\.jsonl: no such file; name the questions"),
        ({"model_path": "http://127.0.0.1:9/v1", "chat_template": "chatml"}, "a server applies its own"),
        ({"model_path": "dummy", "cutoff": "1969-02-30"}, "1969-02-30"),
        ({"model_path": "dummy", "max_tokens": 0}, "--max-tokens 0"),
        ({"model_path": "dummy", "batch_size": 0}, "--batch-size 0"),
        ({"model_path": "dummy", "output": Path(".")}, "--output .: a folder"),
        ({"model_path": "dummy", "temperature": -1.0}, "--temperature"),
        ({"model_path": "dummy", "chat_template": "chatml2"}, "chatml"),
    ],
)
def test_wrong_input(settings: dict[str, Any], message: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("WIKI_DATA", raising=False)
    given = {"test_file": write_records(tmp_path / "dev.jsonl"), **settings}
    with pytest.raises(UserError, match=message):
        eval_temporal(**given)
    assert not (tmp_path / "evaluation_results.json").exists()


def test_a_record_without_a_side(tmp_path: Path) -> None:
    (tmp_path / "dev.jsonl").write_text('{"instruction": "Who?", "output": "I."}\n')
    with pytest.raises(UserError, match=r"dev\.jsonl, line 1: metadata\.dataset_type"):
        eval_temporal(model_path="dummy", test_file=tmp_path / "dev.jsonl", output=tmp_path / "r.json")
