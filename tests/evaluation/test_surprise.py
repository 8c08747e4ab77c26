import json
import math
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

import chronolect.evaluation.surprise as surprise
from chronolect.corpus import CorpusWriter, Document
from chronolect.errors import UserError
from chronolect.evaluation.surprise import eval_surprise
from chronolect.models.dummy import DummyModel
from chronolect.models.language_model import Score
from chronolect.timeline import Span

CUTOFF = "1950-12-31"


class Reader(DummyModel):
    """Pays 2 bits for a byte of a text, and 1 more for texts that speak of the future if it never read of it."""

    def __init__(self, *, locked: bool) -> None:
        super().__init__()
        self._locked = locked

    def text_loglikelihoods(self, texts: Sequence[str]) -> list[Score]:
        return [
            Score(-math.log(2) * len(text.encode()) * (3 if self._locked and "future" in text else 2), 1, False)
            for text in texts
        ]


@pytest.fixture
def corpus(tmp_path: Path) -> Path:
    with CorpusWriter(tmp_path / "corpus") as writer:
        for year in range(1900, 2000):
            text = f"Año {year}, {'the future' if year > 1950 else 'the past'}. " + "x" * (year % 7)
            writer.write(Document(id=f"d{year}", text=text, written=Span.year(year)))
        writer.write(Document(id="undated", text="Some day."))
        writer.write(Document(id="about", text="Long ago.", written=Span.parse("1940/1960"), about=Span.year(1850)))
    return tmp_path / "corpus"


@pytest.fixture(autouse=True)
def _readers(monkeypatch: pytest.MonkeyPatch) -> None:
    real = surprise.open_model
    readers = {"locked": Reader(locked=True), "twin": Reader(locked=False)}
    monkeypatch.setattr(surprise, "open_model", lambda spec, **more: readers.get(spec) or real(spec, **more))


def run(corpus: Path, model: str = "locked", **settings: Any) -> dict[str, Any]:
    out = corpus.parent / "out"
    eval_surprise(model, out=out, corpus=corpus, **{"cutoff": CUTOFF, "bootstrap": 100, **settings})
    found: dict[str, Any] = json.loads((out / "surprise.json").read_text())
    return found


def test_the_gap_opens_at_the_cutoff(corpus: Path) -> None:
    found = run(corpus, twin="twin")
    assert found["before"]["model"]["value"] == pytest.approx(2.0)
    assert found["after"]["model"]["value"] == pytest.approx(3.0)
    assert found["before"]["difference"] == {"value": pytest.approx(0), "low": 0, "high": 0, "n": 51}
    assert found["after"]["difference"]["low"] == pytest.approx(1.0)
    assert found["gap_opens"]["value"] == pytest.approx(1.0)
    assert found["gap_opens"]["n"] == 100
    assert found["documents"] == {"scored": 101, "found": 101, "before": 51, "after": 49, "straddling": 1}
    assert [row["first"] for row in found["periods"]] == list(range(1900, 2000, 10))
    assert found["periods"][9]["difference"]["n"] == 10


def test_bytes_are_those_of_utf8(corpus: Path) -> None:
    run(corpus)
    rows = [json.loads(line) for line in (corpus.parent / "out" / "documents.jsonl").read_text().splitlines()]
    first = next(row for row in rows if row["id"] == "d1900")
    assert first["bytes"] == len("Año 1900, the past. ".encode()) + 1900 % 7
    assert first["model"]["bits_per_byte"] == pytest.approx(2.0)
    assert "twin" not in first


def test_without_a_twin_there_is_no_difference(corpus: Path) -> None:
    found = run(corpus, by="year")
    assert found["twin"] is None
    assert found["after"]["difference"]["n"] == 0
    assert found["gap_opens"]["value"] is None
    assert len(found["periods"]) == 100


def test_only_what_was_held_out_is_scored(corpus: Path) -> None:
    packed = corpus.parent / "packed"
    packed.mkdir()
    splits = {"d1901": "train", "d1905": "val", "d1960": "val-after", "undated": "val"}
    pq.write_table(pa.table({"id": list(splits), "split": list(splits.values())}), packed / "documents.parquet")
    found = run(corpus, held_out=packed)
    assert [row["first"] for row in found["periods"]] == [1900, 1960]
    assert found["documents"]["scored"] == 2


def test_samples_are_seeded_and_bounded(corpus: Path) -> None:
    first = run(corpus, model="dummy", max_documents_per_period=3)
    assert all(row["documents"] == 3 for row in first["periods"])
    assert run(corpus, model="dummy", max_documents_per_period=3) == first
    assert run(corpus, model="dummy", max_documents_per_period=3, seed=1)["periods"] != first["periods"]
    assert run(corpus, max_documents=7)["documents"]["scored"] == 7
    assert run(corpus, max_chars_per_document=5)["before"]["bytes"] == 51 * 6


def test_a_real_model_reads_texts_longer_than_its_context(corpus: Path, model_folder: Path) -> None:
    with CorpusWriter(corpus.parent / "long") as writer:
        writer.write(Document(id="long", text="Neil Armstrong walked on the Moon. " * 20, written=Span.year(1940)))
    found = run(corpus.parent / "long", model=str(model_folder))
    assert found["before"]["model"]["value"] > 0


def test_wrong_input(corpus: Path, tmp_path: Path) -> None:
    with pytest.raises(UserError, match="no such corpus"):
        run(tmp_path / "none")
    with pytest.raises(UserError, match="give one exact day"):
        run(corpus, cutoff="soon")
    with pytest.raises(UserError, match="no such model"):
        run(corpus, model="missing")
    with pytest.raises(UserError, match="not a packed corpus"):
        run(corpus, held_out=corpus)
    with pytest.raises(UserError, match="--max-documents 0"):
        run(corpus, max_documents=0)
    with CorpusWriter(tmp_path / "undated") as writer:
        writer.write(Document(id="a", text="Some day."))
    with pytest.raises(UserError, match="no document with a date"):
        run(tmp_path / "undated")
