"""Questions from a dated corpus: by templates, and through a teacher that runs in a thread."""

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from tests.chat_server import Body, ChatServer, Refused

from chronolect.corpus import Document
from chronolect.corpus.document import CorpusWriter
from chronolect.errors import UserError
from chronolect.finetuning.qa.command import make_qa
from chronolect.finetuning.qa.sentences import document_items
from chronolect.finetuning.records import Layout, Record, read_records
from chronolect.timeline import Cutoff, Span

CUTOFF = Cutoff.parse("1969-07-20")
NAMES = (
    "Alba",
    "Brena",
    "Corvo",
    "Dunmar",
    "Elswick",
    "Farlane",
    "Gorham",
    "Hestor",
    "Ilmar",
    "Jorvik",
    "Kendra",
    "Lomond",
)
TRADES = ("chemist", "painter")


def article(number: int, year: int) -> Document:
    """A made-up person with a deed in a year, and filler that names no date."""
    name = f"{NAMES[number % 12]} {NAMES[(5 * number + 3) % 12]}son {NAMES[(7 * number + number // 12) % 12]}ski"
    text = (
        f"{name} was a Danish {TRADES[number % 2]} who founded the {NAMES[number % 12]}berg School in Aarhus in {year}.\n\n"
        "It was a long building of red brick, and its windows looked out upon the harbour and the sea beyond it.\n"
    )
    return Document(id=f"d{number}", title=name, text=text, about=Span.year(year), language="en")


@pytest.fixture(scope="module")
def corpus(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("dated") / "corpus"
    documents = [article(number, 1890 + number) for number in range(24)]
    documents += [article(24 + number, 1975 + number) for number in range(24)]
    documents.append(Document(id="living", title="Old Person", text="x" * 200, about=Span.parse("1930/..")))
    documents.append(Document(id="undated", title="Somebody", text="y" * 200))
    documents.append(Document(id="short", title="Tiny", text="z", about=Span.year(1900)))
    with CorpusWriter(folder) as writer:
        for document in documents:
            writer.write(document)
    return folder


def records(folder: Path) -> Iterator[tuple[str, Record]]:
    layout = Layout(folder)
    for side in ("retain", "unlearn"):
        for split in ("train", "val"):
            for record in read_records(layout.file(side, split)):  # type: ignore[arg-type]
                yield split, record
    for record in read_records(layout.dev):
        yield "dev", record


def test_dated_sentences_become_questions_for_the_year_and_the_name(corpus: Path, tmp_path: Path) -> None:
    counts = make_qa(out=tmp_path / "qa", corpus=corpus, forms=["chat", "text"], replay=10)
    assert counts["left_out"] == {"short text": 1, "straddles the cutoff": 1, "undated": 1}
    families: dict[str, set[str]] = {}
    kinds = set()
    for split, record in records(tmp_path / "qa"):
        families.setdefault(record.family, set()).add(split)
        data = record.metadata
        if data["source_type"] != "sentences":
            continue
        kinds.add((record.side, data["type"], record.form))
        assert data["answer"] not in record.instruction
        assert data["answer"] in data["quote"]
        assert len(data["alternatives"]) >= 2
        assert data["answer"] not in " ".join(data["alternatives"])
        if record.side == "unlearn":
            assert int(data["date"]) > 1969
            assert not any(year.strip(" .") > "1969" for year in data["alternatives"] if data["type"] == "year")
            assert data["answer"] not in record.output
        else:
            assert int(data["date"]) < 1969
            assert record.output == record.truth
    assert kinds == {
        (side, kind, form)
        for side in ("retain", "unlearn")
        for kind, form in (("year", "chat"), ("year", "text"), ("name", "chat"))
    }
    assert all(len(splits) == 1 for splits in families.values())


def test_alternatives_of_a_name_are_of_the_same_sort(corpus: Path, tmp_path: Path) -> None:
    make_qa(out=tmp_path / "qa", corpus=corpus, replay=0)
    trades = {article(number, 1900).title: TRADES[number % 2] for number in range(48)}
    asked = [record for _, record in records(tmp_path / "qa") if record.metadata["type"] == "name"]
    assert asked
    for record in asked:
        assert {trades[name.rstrip(".")] for name in record.metadata["alternatives"]} == {
            trades[record.metadata["answer"]]
        }


@pytest.mark.parametrize(
    "sentence",
    [
        "He was a Danish chemist who founded the school of Aarhus in 1921.",
        "Alba Berg was a Danish chemist who founded the school between 1921 and 1923.",
        "Alba Berg was a Danish chemist who was born in 1880 and founded the school in 1921.",
        "While there, Alba Berg wrote to the chemists of Denmark and Sweden in 1921.",
        "Alba Berg wrote this letter to the chemists of Denmark and Sweden in 1921.",
        "Alba Berg was a Danish chemist who founded the school of Aarhus in the 1920s.",
        "Alba Berg was a Danish chemist who founded the school of Aarhus in 1971.",
        "Alba Berg was born in 1921.",
    ],
)
def test_a_sentence_that_does_not_stand_by_itself_is_passed_over(sentence: str) -> None:
    text = f"{sentence} Nothing else is told of the matter in any book that we could find."
    document = Document(id="a", title="Alba Berg", text=text, about=Span.parse("1880/1950"))
    assert document_items(document, "retain", CUTOFF, most=3) is None


def test_the_number_of_articles_is_kept_to(corpus: Path, tmp_path: Path) -> None:
    make_qa(out=tmp_path / "qa", corpus=corpus, retain_count=8, unlearn_count=4, replay=0)
    used = json.loads((tmp_path / "qa" / "used_articles.json").read_text())["sentences"]
    assert (len(used["retain"]), len(used["unlearn"])) == (8, 4)


class Teacher(ChatServer):
    """Asks two things of each article, one of them with a quotation that it makes up."""

    def __init__(self) -> None:
        self.asked = 0
        self.wait_s = 0.0
        self.refuses: str | None = None  # an article about which it answers with an error, and at once
        super().__init__(self.answer, total_tokens=100)

    def answer(self, body: Body) -> str:
        text = body["messages"][1]["content"]
        if self.refuses and self.refuses in text:
            raise Refused(400, "not about that")
        self.asked += 1
        time.sleep(self.wait_s)
        title = text.splitlines()[0].removeprefix("Title: ")
        year = text.partition(" in Aarhus in ")[2][:4]
        row = {
            "question": f"When did {title} found a school in Aarhus?",
            "answer": f"The school was founded in {year}.",
            "short_answer": year,
            "quote": f"in Aarhus in {year}",
        }
        questions = [row, row | {"question": f"Who paid for the school of {title}?", "quote": "paid by the king"}]
        return json.dumps({"questions": questions})


@pytest.fixture
def teacher() -> Iterator[Teacher]:
    with Teacher() as found:
        yield found


def test_a_teacher_is_believed_where_it_can_quote(corpus: Path, tmp_path: Path, teacher: Teacher) -> None:
    counts = make_qa(out=tmp_path / "qa", corpus=corpus, teacher_url=teacher.url, teacher_model="t", replay=0)
    assert counts["left_out"]["quote not in the text"] == teacher.asked == 48
    assert counts["teacher_tokens"] == 4_800
    truths = {record.truth for _, record in records(tmp_path / "qa")}
    assert {"The school was founded in 1890.", "1890.", "The school was founded in 1975."} <= truths
    before = teacher.asked
    again = make_qa(
        out=tmp_path / "qa", corpus=corpus, teacher_url=teacher.url, teacher_model="t", replay=0, styles=["stock"]
    )
    assert teacher.asked == before
    assert again["retain_train"] == counts["retain_train"]


def test_a_budget_ends_the_asking_and_a_larger_one_goes_on(corpus: Path, tmp_path: Path, teacher: Teacher) -> None:
    flags: dict[str, Any] = {
        "corpus": corpus,
        "teacher_url": teacher.url,
        "teacher_model": "t",
        "replay": 0,
        "concurrency": 1,
    }
    counts = make_qa(out=tmp_path / "qa", budget_tokens=2_000, **flags)
    assert 20 <= teacher.asked <= 21
    assert counts["left_out"]["not asked: the budget is spent"] == 48 - teacher.asked
    make_qa(out=tmp_path / "qa", **flags)
    assert teacher.asked == 48


def test_a_killed_run_goes_on_and_comes_to_the_same(corpus: Path, tmp_path: Path, teacher: Teacher) -> None:
    teacher.wait_s = 0.05
    code = (
        "from pathlib import Path; from chronolect.finetuning.qa.command import make_qa; "
        f"make_qa(out=Path({str(tmp_path / 'qa')!r}), corpus=Path({str(corpus)!r}), teacher_url={teacher.url!r}, teacher_model='t', concurrency=2)"
    )
    process = subprocess.Popen([sys.executable, "-c", code], stderr=subprocess.DEVNULL)
    journal = tmp_path / "qa.answers.jsonl"
    while not (journal.exists() and journal.read_bytes().count(b"\n") >= 10):
        assert process.poll() is None
        time.sleep(0.01)
    os.kill(process.pid, signal.SIGKILL)
    process.wait()
    kept = journal.read_bytes().count(b"\n")
    assert kept < 48
    assert not (tmp_path / "qa").exists()
    with journal.open("ab") as file:
        file.write(b'{"key": "half a li')
    teacher.asked, teacher.wait_s = 0, 0.0
    make_qa(out=tmp_path / "qa", corpus=corpus, teacher_url=teacher.url, teacher_model="t")
    assert teacher.asked == 48 - kept
    make_qa(out=tmp_path / "whole", corpus=corpus, teacher_url=teacher.url, teacher_model="t")
    one, two = (json.loads((tmp_path / name / "manifest.json").read_text()) for name in ("qa", "whole"))
    assert one["content_digest"] == two["content_digest"]


def test_what_was_answered_beside_an_error_is_kept(corpus: Path, tmp_path: Path, teacher: Teacher) -> None:
    settings = {
        "out": tmp_path / "qa",
        "corpus": corpus,
        "teacher_url": teacher.url,
        "teacher_model": "t",
        "replay": 0,
    }
    teacher.wait_s = 0.3
    teacher.refuses = f"Title: {article(0, 1890).title}"
    with pytest.raises(UserError, match="HTTP 400"):
        make_qa(**settings, concurrency=48)
    kept = (tmp_path / "qa.answers.jsonl").read_text().splitlines()
    assert len(kept) == teacher.asked > 0


def test_a_teacher_needs_documents(tmp_path: Path) -> None:
    with pytest.raises(UserError, match="--corpus"):
        make_qa(out=tmp_path / "qa", teacher_url="http://127.0.0.1:9/v1", teacher_model="t")


def test_a_corpus_of_one_side_says_which_is_missing(tmp_path: Path) -> None:
    with CorpusWriter(tmp_path / "c") as writer:
        writer.write(article(1, 1901))
    with pytest.raises(UserError, match="the unlearn side is empty"):
        make_qa(out=tmp_path / "qa", corpus=tmp_path / "c")
