import gzip

import pytest
from tests.corpus.sources.gutenberg.library import STORY, book_text, catalogue_csv

from chronolect.artifacts import digest_tree, read_json
from chronolect.corpus import read_documents
from chronolect.corpus.engine import Engine
from chronolect.corpus.sources.gutenberg.importing import import_gutenberg
from chronolect.errors import UserError


@pytest.fixture
def library(tmp_path):
    """A catalogue of six books and a mirror with four of them, one damaged."""
    catalogue = tmp_path / "pg_catalog.csv"
    catalogue.write_text(
        catalogue_csv(
            {"Text#": "901"},
            {"Text#": "902", "Title": "Later", "Authors": "Writer, Ann, 1850-1901; Neu, N., 1950- [Translator]"},
            {"Text#": "903", "Title": "Unknown", "Authors": "Writer, Ann, 1850-1901; Hunter, J. [Illustrator]"},
            {"Text#": "904", "Title": "Not there"},
            {"Text#": "905", "Title": "Damaged"},
            {"Text#": "906", "Type": "Sound"},
        ),
        encoding="utf-8",
    )
    mirror = tmp_path / "mirror"
    for place, content in {
        "9/0/901/901-0.txt": book_text("LONDON\nOLD PRESS\n1890\n\n" + STORY).encode(),
        "cache/epub/902/pg902.txt": book_text(footer="1990s").encode(),
        "903.txt": book_text(header="1993", footer="short").encode(),
        "9/0/905/905.txt.gz": gzip.compress(book_text().encode())[:-60],
        "906.txt": b"no text",
    }.items():
        (mirror / place).parent.mkdir(parents=True, exist_ok=True)
        (mirror / place).write_bytes(content)
    return catalogue, mirror


def documents(out):
    return {document.id: document for document in read_documents(out)}


def test_import(library, tmp_path):
    catalogue, mirror = library
    counts = import_gutenberg(catalogue, mirror=mirror, out=tmp_path / "out")
    assert (counts["documents"], counts["undated"], counts["problems"]) == (3, 1, {"damaged": 1, "missing": 1})
    found = documents(tmp_path / "out")
    assert {
        name: document.written.edtf() if document.written.is_known else None for name, document in found.items()
    } == {
        "gutenberg:901": "1850/1890",
        "gutenberg:902": "1850-01-01/2011-05-01",
        "gutenberg:903": None,
    }
    first = found["gutenberg:901"]
    assert (first.title, first.source, first.language, first.licence) == (
        "The Carrier",
        "gutenberg",
        "en",
        "Public domain in the USA",
    )
    assert first.text.startswith("CHAPTER I\n\nThe carrier came")
    assert first.url == "https://www.gutenberg.org/ebooks/901"
    assert first.meta == {
        "authors": "Writer, Ann, 1850-1901",
        "subjects": ["Mills -- Fiction", "Roads -- Fiction"],
        "classes": ["PR"],
        "bookshelves": ["Country Life"],
        "issued": "2011-05-01",
        "file": "9/0/901/901-0.txt",
    }
    listed = read_json(tmp_path / "out" / "manifest.json")["counts"]["problem_list"]
    assert any("book 904 (Not there)" in line for line in listed)
    assert any("905.txt.gz" in line for line in listed)


def test_ignored_roles_and_the_users_dates(library, tmp_path):
    catalogue, mirror = library
    (tmp_path / "dates.csv").write_text("id,date\n901,1888\nPG902,\n")
    import_gutenberg(
        catalogue, mirror=mirror, out=tmp_path / "out", ignore_role=["illustrator"], dates=tmp_path / "dates.csv"
    )
    found = documents(tmp_path / "out")
    assert found["gutenberg:903"].written.edtf() == "1850/1901"
    assert found["gutenberg:901"].written.edtf() == "1888"
    assert ("catalogue", "dates.csv:2 date", "1888") in {
        (e.kind, e.reference, e.quote) for e in found["gutenberg:901"].evidence
    }


def test_a_choice_of_books(library, tmp_path):
    catalogue, mirror = library
    import_gutenberg(
        catalogue, mirror=mirror, out=tmp_path / "out", ids=["902", "999"], subject=["mills"], language=["en"]
    )
    assert list(documents(tmp_path / "out")) == ["gutenberg:902"]
    assert read_json(tmp_path / "out" / "manifest.json")["counts"]["problems"] == {"catalogue": 1}


def test_stubs_are_dropped_with_the_reason(library, tmp_path):
    catalogue, mirror = library
    (mirror / "903.txt").write_text(book_text("See the pictures."))
    counts = import_gutenberg(catalogue, mirror=mirror, out=tmp_path / "out")
    assert counts["dropped_by"] == {"hardly any text": 1}


def test_the_same_result_whatever_the_workers(tmp_path):
    (tmp_path / "c.csv").write_text(catalogue_csv(*({"Text#": str(number)} for number in range(1, 150))))
    for number in range(1, 150):
        path = tmp_path / "mirror" / f"{number}.txt"
        path.parent.mkdir(exist_ok=True)
        path.write_text(book_text(f"{STORY}\n\nThe end of book {number}."))
    digests = set()
    for workers in (1, 2):
        counts = import_gutenberg(
            tmp_path / "c.csv", mirror=tmp_path / "mirror", out=tmp_path / str(workers), engine=Engine(workers=workers)
        )
        assert counts["documents"] == 149
        digests.add(digest_tree(tmp_path / str(workers)))
    assert len(digests) == 1


def test_wrong_input(library, tmp_path):
    catalogue, mirror = library
    out = tmp_path / "out"
    with pytest.raises(UserError, match="no such folder"):
        import_gutenberg(catalogue, mirror=tmp_path / "no", out=out)
    with pytest.raises(UserError, match="no such catalogue"):
        import_gutenberg(tmp_path / "no.csv", mirror=mirror, out=out)
    with pytest.raises(UserError, match="no book to import"):
        import_gutenberg(catalogue, mirror=mirror, out=out, language=["xx"])
    for content, message in (
        ("id,year\n1,2\n", 'no column "date"'),
        ("id,date\nx,1900\n", "not the number"),
        ("id,date\n1,soon\n", "not a date"),
    ):
        (tmp_path / "dates.csv").write_text(content)
        with pytest.raises(UserError, match=message):
            import_gutenberg(catalogue, mirror=mirror, out=out, dates=tmp_path / "dates.csv")
    assert not out.exists()
