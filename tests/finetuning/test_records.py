"""Records in both forms, and what is said of broken ones."""

import json
from pathlib import Path

import pytest

from chronolect.errors import UserError
from chronolect.finetuning.records import Layout, Record, parse_record, read_records


def test_a_seeds_record_reads_back() -> None:
    line = json.dumps(
        {
            "instruction": "Who?",
            "output": "No idea.",
            "metadata": {"dataset_type": "unlearn", "original_answer": "Neil."},
        }
    )
    record = parse_record(line, where="x")
    assert (record.side, record.truth, record.form, record.answers) == ("unlearn", "Neil.", "chat", ("Neil.",))
    assert json.loads(record.line()) == json.loads(line)


def test_a_conversation_reads_back() -> None:
    messages = [
        {"role": "system", "content": "S"},
        {"role": "user", "content": "Q"},
        {"role": "assistant", "content": "A"},
    ]
    line = json.dumps({"messages": messages, "metadata": {"answer": "A", "aliases": ["B"]}})
    record = parse_record(line, where="x", side="retain")
    assert record.messages(record.output) == messages
    assert record.answers == ("A", "B")
    assert json.loads(record.line())["messages"] == messages


@pytest.mark.parametrize(
    ("line", "said"),
    [
        ("{", "not valid JSON"),
        ("[1]", "expected an object"),
        ('{"instruction": "a", "output": "b"}', "dataset_type"),
        ('{"instruction": "a", "metadata": {"dataset_type": "retain"}}', '"output" is missing'),
        (
            '{"instruction": "a", "output": "b", "metadata": {"dataset_type": "retain", "form": "song"}}',
            "metadata.form",
        ),
        ('{"messages": [{"role": "user", "content": "a"}], "metadata": {"dataset_type": "retain"}}', "the last two"),
    ],
)
def test_a_broken_line_is_named(line: str, said: str, tmp_path: Path) -> None:
    file = tmp_path / "a.jsonl"
    file.write_text(Record("q", "a", {"dataset_type": "retain"}).line() + line + "\n", encoding="utf-8")
    with pytest.raises(UserError, match=said) as error:
        read_records(file)
    assert str(error.value).startswith(f"{file}, line 2")


def test_the_layout_is_that_of_the_seeds(tmp_path: Path) -> None:
    layout = Layout(tmp_path)
    assert layout.file("unlearn", "val").relative_to(tmp_path).as_posix() == "unlearn/unlearn_val.jsonl"
    assert layout.dev.relative_to(tmp_path).as_posix() == "dev/dev_subset.jsonl"
