import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from chronolect.corpus import Document, document, read_documents
from chronolect.corpus.document import SCHEMA, CorpusWriter, count_documents, part_files, read_batches
from chronolect.errors import UserError
from chronolect.timeline import Evidence, Span

FULL = Document(
    id="letter 1",
    text="Dear all,\n\nthe ½ ﬁrst — “letter” \U0001f680\n",
    source="letters",
    title="To all",
    written=Span.parse("1850~"),
    about=Span.parse("-0043-03-15/.."),
    evidence=(Evidence("written", Span.parse("1850~"), "catalogue", reference="list:7 year", quote="c. 1850"),),
    language="en",
    licence="CC0-1.0",
    url="https://example.org/1",
    meta={"page": 3, "tags": ["a", "é"]},
)


def test_documents_survive_the_disk(make_corpus):
    bare = Document(id="2", text="x")
    found = list(read_documents(make_corpus([FULL, bare])))
    assert found == [FULL, bare]
    assert found[0].written.edtf() == "1850~"
    assert not found[1].written.is_known


def test_columns_hold_days(make_corpus):
    (batch,) = read_batches(make_corpus([FULL]))
    assert batch.schema.equals(SCHEMA)
    row = batch.to_pylist()[0]
    assert (row["written"], row["written_earliest"]) == ("1850~", Span.year(1840).earliest)
    assert row["about_latest"] is None


def test_parts_and_row_groups_are_bounded(tmp_path, monkeypatch):
    monkeypatch.setattr(document, "_GROUP_ROWS", 10)
    monkeypatch.setattr(document, "_PART_ROWS", 20)
    with CorpusWriter(tmp_path / "c") as writer:
        for i in range(55):
            writer.write(Document(id=str(i), text="t" * i))
    assert [pq.ParquetFile(part).metadata.num_rows for part in part_files(tmp_path / "c")] == [20, 20, 15]
    assert max(batch.num_rows for batch in read_batches(tmp_path / "c")) == 10
    assert [found.id for found in read_documents(tmp_path / "c")] == [str(i) for i in range(55)]
    assert count_documents(tmp_path / "c") == writer.rows == 55


def test_small_batches_are_joined(tmp_path, make_corpus):
    (batch,) = read_batches(make_corpus([FULL]))
    with CorpusWriter(tmp_path / "c") as writer:
        for _ in range(5):
            writer.write_batch(batch)
            writer.write_batch(batch.slice(0, 0))
    assert pq.ParquetFile(*part_files(tmp_path / "c")).metadata.num_row_groups == 1
    assert list(read_documents(tmp_path / "c")) == [FULL] * 5


def test_reading_in_slices_of_text(make_corpus):
    corpus = make_corpus(Document(id=str(i), text="ab" * size) for i, size in enumerate([1, 2, 50, 3, 3, 3]))
    slices = [batch["text"].to_pylist() for batch in read_batches(corpus, ["text"], text_bytes=10)]
    assert [[len(text) for text in texts] for texts in slices] == [[2, 4], [100], [6], [6], [6]]


def test_nothing_is_left_of_a_failed_writer(tmp_path):
    with pytest.raises(RuntimeError), CorpusWriter(tmp_path / "c") as writer:  # noqa: PT012
        writer.write(FULL)
        raise RuntimeError
    assert not (tmp_path / "c").exists()


def test_what_is_not_a_corpus(tmp_path):
    with pytest.raises(UserError, match="no such corpus"):
        part_files(tmp_path / "none")
    with pytest.raises(UserError, match="not a corpus"):
        part_files(tmp_path)
    other = tmp_path / "part-00000.parquet"
    pq.write_table(pa.table({"text": ["x"]}), other)
    with pytest.raises(UserError, match="no column id"):
        list(read_documents(tmp_path))
    other.write_bytes(b"PAR1 and nothing else")
    with pytest.raises(UserError, match=r"part-00000\.parquet: not a Parquet file"):
        list(read_documents(tmp_path))


def test_damaged_part(make_corpus):
    (part,) = part_files(corpus := make_corpus(Document(id=str(i), text=str(i) * 500) for i in range(100)))
    data = bytearray(part.read_bytes())
    data[100:600] = bytes(500)
    part.write_bytes(data)
    with pytest.raises(UserError, match=r"part-00000\.parquet: damaged"):
        list(read_documents(corpus))
