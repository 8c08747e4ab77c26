"""Answers through the chat template: the same from a folder and from its GGUF file, and what stands in the way of one."""

import threading
from pathlib import Path

import pytest
import torch
from tests.chat_server import Body, ChatServer, Refused

from chronolect.artifacts import read_json, write_json
from chronolect.errors import UserError
from chronolect.export.gguf_vocabulary import read_vocabulary
from chronolect.export.gguf_weights import read_source, write_gguf
from chronolect.models.chat_template import ALPACA, DIGEST_KEY, TEMPLATES, choose_template, template_digest
from chronolect.models.dummy import DummyModel
from chronolect.models.gguf_file import GgufModel
from chronolect.models.hf import HfModel
from chronolect.models.language_model import ContextError
from chronolect.models.loading import load_tokenizer
from chronolect.models.opening import open_model
from chronolect.models.presets import Shape, new_model
from chronolect.models.server import ServerModel

TALKS = [
    ("Who walked on the Moon?", "Neil Armstrong."),
    ("Who invented the telephone?", "It was Alexander Graham Bell."),
    ("Where was penicillin discovered?", "In London."),
    ("Who climbed Mount Everest first?", "Edmund Hillary and Tenzing Norgay."),
]
QUESTIONS = [[{"role": "user", "content": question}] for question, _ in TALKS]
SYSTEM = [{"role": "system", "content": "Be short."}, *QUESTIONS[0]]


# Without generation marks, with an end of turn that no backend knows by name.
OWN = (
    "{{ bos_token }}{% for message in messages %}{{ '<|' + message['role'] + '|>' + message['content'] | trim + '<|done|>\n' }}{% endfor %}"
    "{% if add_generation_prompt %}{{ '<|assistant|>' }}{% endif %}"
)


def write_talker(folder: Path, tokenizer_folder: Path, template: str | Path) -> Path:
    """A small Llama that has learned the talks by heart through a template, and to end its turns."""
    tokenizer = load_tokenizer(tokenizer_folder)
    if isinstance(template, Path):
        tokenizer.add_special_tokens({"additional_special_tokens": ["<|user|>", "<|assistant|>", "<|done|>"]})
    chosen = choose_template(tokenizer, template)
    torch.manual_seed(0)
    model = new_model(Shape(layers=2, hidden=64, heads=4, kv_heads=2, intermediate=128, context=160), tokenizer)
    rows = []
    for question, answer in TALKS:
        talk = [{"role": "user", "content": question}, {"role": "assistant", "content": answer}]
        ids, learned = chosen.encode(tokenizer, talk)
        rows.append(
            (torch.tensor([ids]), torch.tensor([[i if own else -100 for i, own in zip(ids, learned, strict=True)]]))
        )
    optimizer = torch.optim.AdamW(model.parameters(), lr=5e-3)
    for _ in range(70):
        for ids, labels in rows:
            model(input_ids=ids, labels=labels).loss.backward()
        optimizer.step()
        optimizer.zero_grad()
    model.save_pretrained(folder)
    tokenizer.save_pretrained(folder)
    return folder


def write_file(folder: Path, file: Path, kind: str = "f16") -> Path:
    source = read_source(folder)
    vocabulary = read_vocabulary(folder, config=source.config)
    write_gguf(source, vocabulary, file, file_type=kind, name="talker", licence="")
    return file


@pytest.fixture(scope="module", params=["chatml", "alpaca", "own.jinja"])
def talker(request: pytest.FixtureRequest, model_folder: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    torch.set_num_threads(1)
    folder = tmp_path_factory.mktemp("talkers")
    (folder / "own.jinja").write_text(OWN)
    given = folder / request.param
    return write_talker(folder / "talker", model_folder, given if given.is_file() else request.param)


@pytest.fixture(scope="module")
def file(talker: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_file(talker, tmp_path_factory.mktemp("gguf") / "talker.gguf")


def test_a_folder_and_its_file_give_the_answers_that_were_learned(talker: Path, file: Path) -> None:
    wanted = [answer for _, answer in TALKS]
    folder, gguf = HfModel(talker, device="cpu"), GgufModel(file, threads=1)
    assert folder.reply(QUESTIONS, max_tokens=40) == wanted
    assert gguf.reply(QUESTIONS, max_tokens=40) == wanted
    # unknown conversations, too: what is said is not learned, but it is the same
    others = [SYSTEM, [*QUESTIONS[0], {"role": "assistant", "content": "Neil."}, *QUESTIONS[2]]]
    assert folder.reply(others, max_tokens=12) == gguf.reply(others, max_tokens=12)
    assert folder.template_digest == gguf.template_digest is not None


def test_an_answer_does_not_depend_on_the_others(talker: Path, file: Path) -> None:
    for model in (HfModel(talker, device="cpu"), GgufModel(file, threads=1)):
        together = model.reply([*QUESTIONS, QUESTIONS[0]], max_tokens=12, temperature=2.0)
        assert [model.reply([one], max_tokens=12, temperature=2.0)[0] for one in QUESTIONS] == together[:4]
        assert together[4] != together[0]


def test_the_prompt_is_the_template_and_nothing_more(talker: Path, file: Path) -> None:
    folder, gguf = HfModel(talker, device="cpu"), GgufModel(file, threads=1)
    text = folder._template.prompt(SYSTEM)
    assert text == gguf._template.prompt(SYSTEM)
    assert folder._encode([text])[0] == gguf.encode(text)


def test_a_conversation_that_fills_the_context_is_refused(talker: Path, file: Path) -> None:
    long = [{"role": "user", "content": "Who? " * 80}]
    for model in (HfModel(talker, device="cpu"), GgufModel(file, threads=1)):
        with pytest.raises(ContextError, match=r"tokens leaves no room for an answer in its context of 160"):
            model.reply([QUESTIONS[0], long])
        assert model.room(long) < 0 < model.room(QUESTIONS[0]) < 160
    near = [{"role": "user", "content": "Who? " * 28}]
    assert HfModel(talker, device="cpu").reply([near, QUESTIONS[0]], max_tokens=256)[1] == TALKS[0][1]


def test_a_conversation_ends_with_a_question(talker: Path) -> None:
    with pytest.raises(UserError, match="must end with a message of the user"):
        HfModel(talker, device="cpu").reply([[{"role": "assistant", "content": "Well?"}]])


def test_without_a_template_the_fix_is_named(model_folder: Path, tmp_path: Path) -> None:
    folder = copy_with(model_folder, tmp_path / "bare", chat_template=None)
    assert HfModel(folder, device="cpu").template_digest is None
    bare = write_file(folder, tmp_path / "bare.gguf")
    assert GgufModel(bare).template_digest is None
    for spec in (folder, bare):
        with pytest.raises(
            UserError,
            match=r"has no chat template; give one with --chat-template FILE \(or one of chatml, alpaca, question, time\)",
        ):
            open_model(spec, device="cpu", threads=1).reply(QUESTIONS)
        given = open_model(spec, device="cpu", threads=1, chat_template="alpaca")
        assert given.template_digest == template_digest(ALPACA)
        assert len(given.reply([[{"role": "user", "content": "?"}]], max_tokens=3)) == 1


def test_a_given_template_whose_end_is_no_token_is_refused(talker: Path, file: Path, tmp_path: Path) -> None:
    (tmp_path / "foreign.jinja").write_text(OWN.replace("done", "finis"))
    for spec in (talker, file):
        with pytest.raises(UserError, match=r'ends an answer with "<\|finis\|>", which is no token of'):
            open_model(spec, device="cpu", threads=1, chat_template=tmp_path / "foreign.jinja").reply(QUESTIONS)


def test_another_template_than_in_training_is_said(
    talker: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    trained = read_json(talker / "tokenizer_config.json")[DIGEST_KEY]
    HfModel(talker, device="cpu").reply(QUESTIONS[:1], max_tokens=1)
    assert capsys.readouterr().err == ""
    other = next(text for text in TEMPLATES.values() if template_digest(text) != trained)
    folder = copy_with(talker, tmp_path / "changed", chat_template=other)
    changed = write_file(folder, tmp_path / "changed.gguf")
    for spec in (folder, changed):
        model = open_model(spec, device="cpu", threads=1)
        for _ in range(2):
            model.reply(QUESTIONS[:1], max_tokens=1)
        said = capsys.readouterr().err
        assert said.count(f"asked with the chat template {template_digest(other)}, but trained with {trained}") == 1


def copy_with(source: Path, folder: Path, *, chat_template: str | None) -> Path:
    """A model's folder with another chat template, as somebody might edit it."""
    folder.mkdir()
    for path in source.iterdir():
        if path.name != "chat_template.jinja":
            (folder / path.name).hardlink_to(path)
    config = read_json(source / "tokenizer_config.json")
    (folder / "tokenizer_config.json").unlink()
    config.pop("chat_template", None)
    write_json(folder / "tokenizer_config.json", config | ({"chat_template": chat_template} if chat_template else {}))
    return folder


def test_a_tokenizer_larger_than_the_model_is_refused(talker: Path, tmp_path: Path) -> None:
    folder = copy_with(talker, tmp_path / "grown", chat_template=ALPACA)
    tokenizer = load_tokenizer(folder)
    tokenizer.add_tokens(["<|more|>"])
    (folder / "tokenizer.json").unlink()
    tokenizer.save_pretrained(folder)
    with pytest.raises(UserError, match=r"has \d+ tokens, but the model's embedding has \d+ rows"):
        HfModel(folder, device="cpu")


def test_a_server_answers_several_conversations_at_once() -> None:
    meeting = threading.Barrier(4, timeout=20)

    def answer(body: Body) -> str:
        meeting.wait()  # passes only when four requests are in flight together
        return f" {body['messages'][-1]['content'].upper()} {body['seed']}"

    with ChatServer(answer) as server:
        model = ServerModel(server.url, seed=5)
        assert model.reply([SYSTEM, *QUESTIONS[1:], *[QUESTIONS[1]] * 4]) == [
            *(f"{question.upper()} 5" for question, _ in TALKS),
            *(f"{TALKS[1][0].upper()} {seed}" for seed in (6, 7, 8, 9)),
        ]
        assert model.template_digest is None
    assert SYSTEM in [body["messages"] for body in server.bodies]


def test_a_busy_server_is_asked_again_and_a_refusal_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("chronolect.models.server._WAITS_S", (0.01,) * 5)
    tries = iter([503, 429])
    lock = threading.Lock()

    def busy(body: Body) -> str:
        with lock:
            status = next(tries, 200)
        if status != 200:
            raise Refused(status, "loading")
        return "Paris"

    def refuses(body: Body) -> str:
        raise Refused(400, "no system role")

    with ChatServer(busy) as server:
        assert ServerModel(server.url).reply(QUESTIONS[:2]) == ["Paris", "Paris"]
    with ChatServer(refuses) as server, pytest.raises(UserError, match=r"HTTP 400.*no system role"):
        ServerModel(server.url).reply([SYSTEM] * 20)
    with pytest.raises(UserError, match="applies its own"):
        open_model("http://127.0.0.1:9/v1", chat_template="chatml")


def test_the_dummy_answers() -> None:
    answers = DummyModel().reply(QUESTIONS)
    assert answers == DummyModel().reply(QUESTIONS)
    assert len(set(answers)) == len(QUESTIONS)
