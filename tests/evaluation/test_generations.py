"""The store of answers, and asking what it lacks."""

import json
from collections.abc import Sequence
from pathlib import Path

import pytest

from chronolect.errors import UserError
from chronolect.evaluation.generations import Asker, Generations, Settings, ask_missing, model_identity
from chronolect.finetuning.records import Record
from chronolect.models.dummy import DummyModel
from chronolect.models.language_model import ContextError, Messages


class Counting(DummyModel):
    """The stand-in, which remembers what it was asked and cannot answer what holds the word "impossible"."""

    def __init__(self, *, broken: bool = False) -> None:
        super().__init__()
        self.batches: list[list[str]] = []
        self.broken = broken

    def reply(self, conversations: Sequence[Messages], *, max_tokens: int = 256, temperature: float = 0.0) -> list[str]:
        asked = [conversation[-1]["content"] for conversation in conversations]
        self.batches.append(asked)
        if self.broken or any("impossible" in question for question in asked):
            raise UserError("too long")
        return super().reply(conversations, max_tokens=max_tokens, temperature=temperature)


def record(question: str, **metadata: str) -> Record:
    return Record(question, "It was Smith.", {"dataset_type": "retain", **metadata})


RECORDS = [record(f"Who was number {number}?") for number in range(10)]


def asker(model: Counting, settings: Settings | None = None) -> Asker:
    return Asker("identity", settings or Settings(max_tokens=4), lambda: model)


def ask(model: Counting, path: Path, records: Sequence[Record], batch_size: int = 4) -> dict[str, str]:
    with Generations(path) as store:
        return ask_missing(asker(model), records, store, batch_size=batch_size, total=len(records))


def test_nothing_is_asked_twice(tmp_path: Path) -> None:
    path, first, second = tmp_path / "store.jsonl", Counting(), Counting()
    assert ask(first, path, [*RECORDS[:6], RECORDS[0]]) == {}
    assert [len(batch) for batch in first.batches] == [4, 2]
    assert ask(second, path, RECORDS) == {}
    assert second.batches == [[one.instruction for one in RECORDS[6:]]]
    with Generations(path) as store:
        answered = store.get(asker(first).key(RECORDS[7]))
    assert answered is not None
    assert answered.response == DummyModel().reply([RECORDS[7].messages()], max_tokens=4)[0]
    row = json.loads(path.read_text().splitlines()[0])
    assert row["question"] == [{"role": "user", "content": "Who was number 0?"}]


def test_a_model_is_opened_only_where_something_is_missing(tmp_path: Path) -> None:
    ask(Counting(), tmp_path / "store.jsonl", RECORDS)

    def gone() -> Counting:
        raise UserError("no such model")

    with Generations(tmp_path / "store.jsonl") as store:
        closed = Asker("identity", Settings(max_tokens=4), gone)
        assert ask_missing(closed, RECORDS, store, batch_size=4, total=10) == {}
        with pytest.raises(UserError, match="no such model"):
            ask_missing(closed, [record("Another?")], store, batch_size=4, total=1)
        closed.close()


def test_a_line_cut_short_is_asked_again(tmp_path: Path) -> None:
    path = tmp_path / "store.jsonl"
    ask(Counting(), path, RECORDS)
    whole = path.read_bytes()
    lines = whole.splitlines(keepends=True)
    for left in (b"".join(lines[:6]), b"".join(lines[:6]) + lines[6][:20], b"".join(lines[:6]) + lines[6][:-1]):
        path.write_bytes(left)
        model = Counting()
        ask(model, path, RECORDS)
        assert [len(batch) for batch in model.batches] == [4]
        assert path.read_bytes() == whole


def test_a_file_of_something_else_is_left_alone(tmp_path: Path) -> None:
    path = tmp_path / "store.jsonl"
    path.write_text('{"question": "Who?"}\n')
    with pytest.raises(UserError, match="line 1: not a generation"):
        Generations(path)
    assert path.read_text() == '{"question": "Who?"}\n'


def test_the_key_holds_all_that_an_answer_depends_on() -> None:
    model = Counting()
    base = Settings()
    keys = [
        asker(model, settings).key(RECORDS[0])
        for settings in (
            base,
            Settings(max_tokens=8),
            Settings(temperature=1.0),
            Settings(seed=1),
            Settings(system="It is 1965."),
            Settings(chat_template="0123"),
            Settings(dtype="bfloat16"),
        )
    ]
    keys += [
        Asker("another", base, lambda: model).key(RECORDS[0]),
        asker(model, base).key(RECORDS[1]),
        asker(model, base).key(record(RECORDS[0].instruction, form="text")),
        asker(model, base).key(
            Record(
                RECORDS[0].instruction, "-", {"dataset_type": "retain"}, ({"role": "system", "content": "It is 1950."},)
            )
        ),
    ]
    assert len(set(keys)) == len(keys)
    same = Record(RECORDS[0].instruction, "Another answer.", {"dataset_type": "unlearn", "style": "plain"})
    assert asker(model, base).key(same) == keys[0]


def test_a_system_prompt_takes_the_place_of_a_records_own() -> None:
    before = (
        {"role": "system", "content": "It is 1950."},
        {"role": "user", "content": "Hello."},
        {"role": "assistant", "content": "Hello."},
    )
    one = Record("Who?", "I.", {"dataset_type": "retain"}, before)
    shown = asker(Counting(), Settings(system="It is 1965.")).row(one, "I.")["question"]
    assert [message["content"] for message in shown] == ["It is 1965.", "Hello.", "Hello.", "Who?"]
    assert asker(Counting()).row(one, "I.")["question"][0]["content"] == "It is 1950."


def test_a_text_is_continued_without_a_template(tmp_path: Path) -> None:
    text = record("The first was", form="text")
    model = Counting()
    ask(model, tmp_path / "store.jsonl", [RECORDS[0], text, RECORDS[1]])
    assert model.batches == [[RECORDS[0].instruction, RECORDS[1].instruction]]
    with Generations(tmp_path / "store.jsonl") as store:
        answered = store.get(asker(model).key(text))
    assert answered is not None
    assert answered.response == model.generate(["The first was"], max_tokens=4)[0]
    assert answered.template is None


def test_a_question_that_fails_does_not_take_its_batch_with_it(tmp_path: Path) -> None:
    records = [*RECORDS[:2], record("An impossible one?"), *RECORDS[2:6]]
    failed = ask(Counting(), tmp_path / "store.jsonl", records)
    assert list(failed.values()) == ["too long"]
    again = Counting()
    assert ask(again, tmp_path / "store.jsonl", records) == failed  # tried again, alone
    assert again.batches == [["An impossible one?"]] * 2


def test_a_model_that_answers_nothing_is_an_error(tmp_path: Path) -> None:
    model = Counting(broken=True)
    with pytest.raises(UserError, match="too long"):
        ask(model, tmp_path / "store.jsonl", RECORDS)
    assert len(model.batches) == 4  # the batch, then three alone
    with pytest.raises(UserError, match="too long"):
        ask(Counting(), tmp_path / "store.jsonl", [record("An impossible one?")])
    ask(Counting(), tmp_path / "store.jsonl", RECORDS[:5])
    with pytest.raises(UserError, match="too long"):
        ask(Counting(broken=True), tmp_path / "store.jsonl", RECORDS)


def test_what_tells_models_apart(tmp_path: Path) -> None:
    first, second = tmp_path / "first", tmp_path / "second"
    for folder, words in ((first, "1"), (second, "2")):
        folder.mkdir()
        (folder / "model.safetensors").write_text(words)
    adapter = tmp_path / "adapter"
    adapter.mkdir()

    def on(base: Path) -> str:
        (adapter / "adapter_config.json").write_text(json.dumps({"base_model_name_or_path": str(base)}))
        return model_identity(str(adapter))

    assert model_identity(str(first)) != model_identity(str(second))
    before = on(first)
    (first / "model.safetensors").write_text("3")
    assert on(first) != before  # the adapter is the same, its base is not
    assert model_identity("http://localhost/v1/", model_name="a") == model_identity(
        "http://localhost/v1", model_name="a"
    )
    with pytest.raises(UserError, match="third: no such model"):
        model_identity(str(tmp_path / "third"))


def test_questions_that_do_not_fit_do_not_stop_the_others(tmp_path: Path) -> None:
    class Short(DummyModel):
        def reply(
            self, conversations: Sequence[Messages], *, max_tokens: int = 256, temperature: float = 0.0
        ) -> list[str]:
            if any("number 1?" not in conversation[-1]["content"] for conversation in conversations):
                raise ContextError("no room")
            return super().reply(conversations, max_tokens=max_tokens)

    one = Asker("identity", Settings(max_tokens=4), Short)
    with Generations(tmp_path / "store.jsonl") as store:
        failed = ask_missing(one, [*RECORDS[5:], *RECORDS[:5]], store, batch_size=4, total=10)
        assert len(failed) == 9
        assert one.key(RECORDS[1]) in store
