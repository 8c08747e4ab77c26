"""The journal: what was appended is there after a kill, and nothing else."""

from pathlib import Path

import pytest

from chronolect.errors import UserError
from chronolect.finetuning.journal import Journal


def test_records_and_their_tokens_survive(tmp_path: Path) -> None:
    with Journal(tmp_path / "a.jsonl") as journal:
        journal.append("one", {"text": "é", "tokens": 3})
        journal.append("two", {"text": "b", "tokens": 4})
        assert journal.get("one") == {"key": "one", "text": "é", "tokens": 3}
    with Journal(tmp_path / "a.jsonl") as journal:
        assert (len(journal), journal.tokens, journal.get("three")) == (2, 7, None)
        journal.append("three", {"text": "c"})
        assert [journal.get(key)["text"] for key in ("one", "two", "three")] == ["é", "b", "c"]  # type: ignore[index]


@pytest.mark.parametrize("left", [b'{"key": "two", "te', b'{"key": "two", "text": "\xc3', b""])
def test_half_a_line_is_cut_off(left: bytes, tmp_path: Path) -> None:
    file = tmp_path / "a.jsonl"
    with Journal(file) as journal:
        journal.append("one", {"text": "a"})
    whole = file.read_bytes()
    file.write_bytes(whole + left)
    with Journal(file) as journal:
        assert len(journal) == 1
        journal.append("two", {"text": "b"})
    assert file.read_bytes().startswith(whole)
    with Journal(file) as journal:
        assert journal.get("two") == {"key": "two", "text": "b"}


def test_another_file_is_not_written_to(tmp_path: Path) -> None:
    file = tmp_path / "a.jsonl"
    file.write_text('{"messages": []}\n', encoding="utf-8")
    with pytest.raises(UserError, match="line 1: not a record"):
        Journal(file)
    assert file.read_text(encoding="utf-8") == '{"messages": []}\n'
