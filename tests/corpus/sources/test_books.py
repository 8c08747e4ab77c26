import gzip
import json
from datetime import date

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from chronolect.artifacts import read_json
from chronolect.corpus import read_documents
from chronolect.corpus.sources.books import import_books, library_date
from chronolect.errors import UserError

PAGES = "\n\n".join(
    f"""the carrier came over the hill with his lamp unlit, for the moon was
bright enough that night to show every stone of the road, and he had dri-
ven it so many times that he came by the mill and spoke of that and so

{number}

Digitized by the Internet Archive"""
    for number in range(11, 23)
)


@pytest.fixture
def folder(tmp_path):
    books = tmp_path / "books"
    (books / "sub").mkdir(parents=True)
    (books / "mill.txt").write_text(PAGES)
    (books / "sub" / "hill.txt.gz").write_bytes(gzip.compress("Café on the hill.".encode("cp1252")))
    (books / "road.html").write_text("<html><body><h1>I</h1><p>The road<br>was long.</p></body></html>")
    (books / "song.md").write_text("# Song\n\nThe *wind* is in the barley now.")
    (books / "lost.txt").write_text("No row names this.")
    (books / "picture.png").write_bytes(b"x")
    return books


def table(path, *rows):
    names = list(rows[0])
    lines = [",".join(names)] + [",".join(f'"{row.get(name, "")}"' for name in names) for row in rows]
    path.write_text("\n".join(lines) + "\n", encoding="utf-8")
    return path


ROWS = (
    {
        "file": "mill.txt",
        "title": "The Mill",
        "author": "Writer, Ann, 1850-1901",
        "date": "c1890",
        "language": "en",
        "licence": "CC0",
        "shelf": "A 3",
    },
    {"file": "hill", "title": "The Hill", "author": "Writer, Ann, 1850-1901; Hunter, J.", "date": "1907"},
    {"file": "sub/none.txt", "title": "Nothing"},
    {"file": "road", "title": "The Road", "author": "Writer, Ann, 1850-1901", "date": "1907"},
    {"file": "song.md", "title": "Song", "date": "some day"},
    {"file": "mill", "title": "Again"},
)


def run(folder, tmp_path, metadata, **options):
    counts = import_books(folder, metadata=metadata, out=tmp_path / "out", **options)
    return counts, {document.id: document for document in read_documents(tmp_path / "out")}


def test_import(folder, tmp_path):
    counts, found = run(folder, tmp_path, table(tmp_path / "meta.csv", *ROWS), language="xx", licence="unknown")
    assert counts["documents"] == 4
    assert counts["undated"] == 1
    assert counts["problems"] == {
        "rows without a file": 1,
        "files without a row": 1,
        "repeated rows": 1,
        "impossible dates": 1,
    }
    listed = read_json(tmp_path / "out" / "manifest.json")["counts"]["problem_list"]
    assert any('"sub/none.txt"' in line for line in listed)
    assert any("lost.txt" in line for line in listed)
    mill = found["mill"]
    assert (mill.title, mill.source, mill.language, mill.licence) == ("The Mill", "books", "en", "CC0")
    assert mill.meta == {"file": "mill.txt", "author": "Writer, Ann, 1850-1901", "shelf": "A 3"}
    assert mill.written.edtf() == "1890"
    assert [(e.kind, e.reference, e.quote) for e in mill.evidence] == [
        ("catalogue", "meta.csv:2 date", "c1890"),
        ("author-life", "meta.csv:2 author", "Writer, Ann, 1850-1901"),
    ]
    assert found["sub/hill"].text == "Café on the hill."
    assert (found["sub/hill"].written.edtf(), found["sub/hill"].language, found["sub/hill"].licence) == (
        "1907",
        "xx",
        "unknown",
    )
    assert found["road"].text == "I\n\nThe road\nwas long."
    assert found["road"].written.edtf() == "1850/1901"
    assert found["song"].text == "Song\n\nThe wind is in the barley now."
    assert not found["song"].written.is_known


def test_scans_are_made_readable(folder, tmp_path):
    _, found = run(folder, tmp_path, table(tmp_path / "meta.csv", ROWS[0]))
    text = found["mill"].text
    assert "Digitized" not in text
    assert not any(character.isdigit() for character in text)
    assert text.count("he had driven it so many times") == 12
    assert "\n" not in text


def test_what_is_kept_on_request(folder, tmp_path):
    _, found = run(
        folder, tmp_path, table(tmp_path / "meta.csv", ROWS[0]), unwrap=False, page_numbers=True, scan_marks=True
    )
    assert found["mill"].text == PAGES


def test_named_columns_and_other_tables(folder, tmp_path):
    row = {"name": "mill", "head": "The Mill", "by": "Writer, Ann, 1850-1901", "when": 1890}
    columns = {"file_field": "name", "title_field": "head", "author_field": "by", "date_field": "when"}
    (tmp_path / "meta.jsonl").write_text(json.dumps(row) + "\n")
    pq.write_table(pa.Table.from_pylist([{**row, "when": date(1890, 3, 1)}]), tmp_path / "meta.parquet")
    for metadata, written in (("meta.jsonl", "1890"), ("meta.parquet", "1890-03-01")):
        _, found = run(folder, tmp_path, tmp_path / metadata, **columns)
        assert (found["mill"].title, found["mill"].written.edtf()) == ("The Mill", written)


@pytest.mark.parametrize(
    ("cell", "edtf"),
    [
        ("1890", "1890"),
        (1890, "1890"),
        ("1890-03", "1890-03"),
        ("c1890", "1890"),
        ("©1890", "1890"),
        ("[1890]", "1890"),
        ("[1890?]", "1890?"),
        ("[ca. 1890]", "1890~"),
        ("189-", "189X"),
        ("[189-?]", "189X"),
        ("18--", "18XX"),
        ("1890-1892", "1890/1892"),
        ("1890, c1889", "1889/1890"),
    ],
)
def test_librarians_dates(cell, edtf):
    assert library_date(cell).edtf() == edtf


@pytest.mark.parametrize("cell", ["soon", "1890 or so", "12", "1890-13", True])
def test_no_dates(cell):
    if cell == "12":
        assert library_date(cell).edtf() == "0012"
        return
    with pytest.raises(UserError):
        library_date(cell)


def test_two_files_of_one_name(folder, tmp_path):
    (folder / "sub" / "mill.txt").write_text("Another mill.")
    counts, found = run(
        folder, tmp_path, table(tmp_path / "meta.csv", ROWS[5], {"file": "sub/mill.txt", "title": "Other"})
    )
    assert list(found) == ["sub/mill"]
    assert counts["problems"]["rows without a file"] == 1


def test_damaged_and_empty_files(folder, tmp_path):
    (folder / "cut.txt.gz").write_bytes(gzip.compress(PAGES.encode())[:-30])
    (folder / "empty.txt").write_text("\n\n")
    (folder / "bad.txt").write_bytes("ünïcödé wörds öf ä böök".encode() + b"\xff")
    rows = [{"file": name} for name in ("cut", "empty", "bad")]
    counts, found = run(folder, tmp_path, table(tmp_path / "meta.csv", *rows))
    assert list(found) == ["bad"]
    assert {name: counts["problems"][name] for name in ("damaged", "without text", "bad characters")} == {
        "damaged": 1,
        "without text": 1,
        "bad characters": 1,
    }


def test_wrong_input(folder, tmp_path):
    good = table(tmp_path / "meta.csv", ROWS[0])
    for where, metadata, options, message in (
        (tmp_path / "no", good, {}, "no such folder"),
        (folder, tmp_path / "no.csv", {}, "not a table"),
        (folder, table(tmp_path / "a.csv", {"book": "mill"}), {}, "no column names the file"),
        (folder, good, {"title_field": "titel"}, 'no such column .did you mean "title"'),
        (folder, table(tmp_path / "b.csv", {"file": "none"}), {}, "no book to import"),
    ):
        with pytest.raises(UserError, match=message):
            import_books(where, metadata=metadata, out=tmp_path / "out", **options)
    (tmp_path / "empty.csv").write_text("file,title\n")
    with pytest.raises(UserError, match="no rows"):
        import_books(folder, metadata=tmp_path / "empty.csv", out=tmp_path / "out")
