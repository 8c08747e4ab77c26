"""Passages from a corpus of chunks and from files of JSON lines, whoever wrote them."""

import json
from pathlib import Path

import pytest

from chronolect.corpus import CorpusWriter, Document
from chronolect.errors import UserError
from chronolect.finetuning.persona.passages import read_passages, sentences
from chronolect.timeline import Span


def write_lines(file: Path, *rows: object) -> Path:
    file.write_text("".join(json.dumps(row) + "\n" for row in rows), encoding="utf-8")
    return file


def test_a_chunk_knows_its_book_and_its_themes(tmp_path: Path) -> None:
    meta = {"chunk_of": "book", "chunk": 0, "keyword_counts": {"sea": 3, "total": 3}}
    with CorpusWriter(tmp_path / "corpus") as writer:
        writer.write(Document(id="book#0000", text="The sea.", title="A Book", written=Span.parse("1870"), meta=meta))
        writer.write(Document(id="alone", text="The land."))
    first, second = read_passages(tmp_path / "corpus")
    assert (first.id, first.source_id, first.title, first.themes) == ("book#0000", "book", "A Book", ("sea",))
    assert first.written == Span.parse("1870")
    assert (second.id, second.source_id, second.themes) == ("alone", "alone", ())


@pytest.mark.parametrize(
    "keys",
    [
        {"chunk_id": "w_1", "work_id": "w", "work_title": "T"},
        {"id": "w_1", "source_id": "w", "source_title": "T"},
    ],
)
def test_the_seeds_names_of_keys_are_known(keys: dict[str, str], tmp_path: Path) -> None:
    row = {"text": "Words.", "date": "1870", "themes": ["sea"], **keys}
    (found,) = read_passages(write_lines(tmp_path / "a.jsonl", row))
    assert (found.id, found.source_id, found.title, found.themes) == ("w_1", "w", "T", ("sea",))
    assert found.written == Span.parse("1870")


def test_a_passage_without_a_name_is_named_by_its_line(tmp_path: Path) -> None:
    found = read_passages(write_lines(tmp_path / "a.jsonl", {"text": "One."}, {"text": "Two."}))
    assert [one.id for one in found] == ["a.jsonl:1", "a.jsonl:2"]


@pytest.mark.parametrize(
    ("row", "said"),
    [
        ({"title": "T"}, 'line.*"text"|a.jsonl:2: the text "text"'),
        ({"text": "x", "themes": "sea"}, 'a.jsonl:2: "themes"'),
        ({"text": "x", "written": "yesterday"}, "a.jsonl:2: "),
        ([1], "a.jsonl:2: expected a JSON object"),
    ],
)
def test_a_broken_line_is_named(row: object, said: str, tmp_path: Path) -> None:
    with pytest.raises(UserError, match=said):
        list(read_passages(write_lines(tmp_path / "a.jsonl", {"text": "fine"}, row)))


def test_other_paths_are_refused(tmp_path: Path) -> None:
    with pytest.raises(UserError, match="no such file"):
        list(read_passages(tmp_path / "none.jsonl"))
    (tmp_path / "a.txt").write_text("x", encoding="utf-8")
    with pytest.raises(UserError, match="expected a folder of a corpus"):
        list(read_passages(tmp_path / "a.txt"))


def test_sentences_run_over_line_ends_and_stop_at_paragraphs() -> None:
    text = "Mr. Fogg rose\nearly. He had\nbreakfast.\n\nThe train left at eight."
    assert sentences(text) == ["Mr. Fogg rose early.", "He had breakfast.", "The train left at eight."]
