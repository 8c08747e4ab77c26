import gzip
import io
import tarfile
import zipfile

import pytest
from tests.corpus.sources.gutenberg.library import RDF, catalogue_csv

from chronolect.corpus.problems import Problem
from chronolect.corpus.sources.gutenberg.book import Book, Selection
from chronolect.corpus.sources.gutenberg.catalogue import read_catalogue, selected
from chronolect.errors import UserError


def write(path, *rows):
    path.write_text(catalogue_csv(*rows), encoding="utf-8")
    return path


def everything(*ids):
    return Selection.of(["Text"], [], [], ids)


def test_csv(tmp_path):
    path = write(
        tmp_path / "pg_catalog.csv",
        {"Text#": "901", "Title": "The Carrier\nA Tale", "Language": "en; fr", "Issued": "2011-05-01"},
    )
    (book,) = read_catalogue(path)
    assert isinstance(book, Book)
    assert (book.number, book.title, book.type, book.languages) == (901, "The Carrier A Tale", "Text", ("en", "fr"))
    assert (book.issued.edtf(), book.where) == ("2011-05-01", "pg_catalog.csv #901")
    assert [person.life.edtf() for person in book.contributors] == ["1850/1901"]
    assert (book.subjects, book.classes, book.bookshelves) == (
        ("Mills -- Fiction", "Roads -- Fiction"),
        ("PR",),
        ("Country Life",),
    )


def test_gzipped_csv_and_its_problems(tmp_path):
    text = (
        catalogue_csv({"Text#": "901"}, {"Text#": "x"}, {"Text#": "901"}, {"Text#": "902", "Issued": "no day"})
        + "903,too,few\n"
    )
    (tmp_path / "pg_catalog.csv.gz").write_bytes(gzip.compress(text.encode()))
    found = list(read_catalogue(tmp_path / "pg_catalog.csv.gz"))
    assert [item.number for item in found if isinstance(item, Book)] == [901, 902]
    assert [str(item).partition(": ")[2] for item in found if isinstance(item, Problem)] == [
        '"x" is not the number of a book',
        "number 901 stands in the catalogue twice; the first entry is taken",
        "3 fields, but the header names 9",
    ]


def test_truncated_gzip(tmp_path):
    (tmp_path / "c.csv.gz").write_bytes(
        gzip.compress(catalogue_csv(*({"Text#": str(n)} for n in range(1, 4_000))).encode())[:-500]
    )
    found = list(read_catalogue(tmp_path / "c.csv.gz"))
    assert isinstance(found[-1], Problem)
    assert len(found) > 10


def test_not_a_catalogue(tmp_path):
    with pytest.raises(UserError, match="no such catalogue"):
        list(read_catalogue(tmp_path / "no.csv"))
    (tmp_path / "a.csv").write_text("id,title\n1,x\n")
    with pytest.raises(UserError, match='no column "Text#"'):
        list(read_catalogue(tmp_path / "a.csv"))
    (tmp_path / "a.txt").write_text("x")
    with pytest.raises(UserError, match="not a catalogue"):
        list(read_catalogue(tmp_path / "a.txt"))
    (tmp_path / "empty").mkdir()
    with pytest.raises(UserError, match=r"no \.rdf file"):
        list(read_catalogue(tmp_path / "empty"))


def test_selection(tmp_path):
    path = write(
        tmp_path / "c.csv",
        {"Text#": "1"},
        {"Text#": "2", "Language": "de"},
        {"Text#": "3", "Type": "Sound"},
        {"Text#": "4", "Subjects": "Chess", "Bookshelves": ""},
        {"Text#": "50"},
    )

    def numbers(types=("Text",), languages=(), subjects=(), ids=()):
        return [
            item.number if isinstance(item, Book) else str(item)
            for item in selected(path, Selection.of(types, languages, subjects, ids))
        ]

    assert numbers() == [1, 2, 4, 50]
    assert numbers(types=["sound"]) == [3]
    assert numbers(languages=["DE"]) == [2]
    assert numbers(subjects=["chess", "country"]) == [1, 2, 4, 50]
    assert numbers(subjects=["chess"]) == [4]
    assert numbers(ids=["1-2,50", "4"]) == [1, 2, 4, 50]
    assert numbers(ids=["7"]) == [f"{path}: book 7 does not stand in it"]
    with pytest.raises(UserError, match=r'--ids "9-3"'):
        numbers(ids=["9-3"])


def check(book):
    assert isinstance(book, Book)
    assert (book.number, book.title, book.type, book.languages) == (35, "The Carrier", "Text", ("en",))
    assert [(person.name, person.role, person.life.edtf()) for person in book.contributors] == [
        ("Writer, Ann", "Author", "1850/1901"),
        ("Other, Bo", "Translator", "1860/1970"),
        ("Writer, Ann", "Illustrator", "1850/1901"),
    ]
    assert book.authors == "Writer, Ann, 1850-1901; Other, Bo, 1860- [Translator]; Writer, Ann, 1850-1901 [Illustrator]"
    assert (book.subjects, book.classes, book.bookshelves) == (("Mills",), ("PR",), ("Country Life",))
    assert (book.published, book.rights, book.issued.edtf()) == (1895, "Public domain in the USA.", "2004-10-02")


RECORD = RDF.format(number=35, title="The Carrier").encode()


def add(archive, name, content):
    member = tarfile.TarInfo(name)
    member.size = len(content)
    archive.addfile(member, io.BytesIO(content))


def test_rdf_folder_and_file(tmp_path):
    folder = tmp_path / "cache" / "epub" / "35"
    folder.mkdir(parents=True)
    (folder / "pg35.rdf").write_bytes(RECORD)
    for path in (tmp_path, folder / "pg35.rdf"):
        check(*read_catalogue(path))


@pytest.mark.parametrize("kind", ["tar.bz2", "tar.gz", "tar"])
def test_rdf_archive(tmp_path, kind):
    with tarfile.open(tmp_path / f"rdf-files.{kind}", f"w:{kind.partition('.')[2]}") as archive:
        add(archive, "cache/epub/35/pg35.rdf", RECORD)
        add(archive, "cache/epub/36/pg36.rdf", b"<not xml")
        add(archive, "cache/readme.txt", b"no record")
    book, problem = read_catalogue(tmp_path / f"rdf-files.{kind}")
    check(book)
    assert "broken XML" in str(problem)


def test_rdf_zip_of_records_and_of_a_tar(tmp_path):
    inner = io.BytesIO()
    with tarfile.open(fileobj=inner, mode="w") as archive:
        add(archive, "cache/epub/35/pg35.rdf", RECORD)
    for name, member, content in (
        ("a.zip", "35/pg35.rdf", RECORD),
        ("rdf-files.tar.zip", "rdf-files.tar", inner.getvalue()),
    ):
        with zipfile.ZipFile(tmp_path / name, "w") as archive:
            archive.writestr(member, content)
        check(*read_catalogue(tmp_path / name))


def test_truncated_rdf_archive(tmp_path):
    with tarfile.open(tmp_path / "full.tar.bz2", "w:bz2") as archive:
        for number in range(1, 400):
            add(archive, f"{number}/pg{number}.rdf", RDF.format(number=number, title=f"Book {number * 7919}").encode())
    (tmp_path / "cut.tar.bz2").write_bytes((tmp_path / "full.tar.bz2").read_bytes()[:-3_000])
    found = list(read_catalogue(tmp_path / "cut.tar.bz2"))
    assert isinstance(found[-1], Problem)
    assert "cannot be read further" in str(found[-1])


def test_entities_in_a_record_are_refused(tmp_path):
    secret = tmp_path / "secret"
    secret.write_text("hidden")
    bomb = "".join(f'<!ENTITY e{n} "{f"&e{n - 1};" * 10}">' for n in range(1, 9))
    for number, declaration in enumerate(
        (f'<!ENTITY e0 "aaaaaaaaaa">{bomb}', f'<!ENTITY e8 SYSTEM "file://{secret}">')
    ):
        record = RECORD.decode().replace("?>", f"?><!DOCTYPE rdf [{declaration}]>", 1).replace("The Carrier", "&e8;")
        (tmp_path / f"{number}.rdf").write_text(record)
        (problem,) = read_catalogue(tmp_path / f"{number}.rdf")
        assert isinstance(problem, Problem)


def test_a_record_of_something_else(tmp_path):
    (tmp_path / "a.rdf").write_text("<rdf/>")
    (problem,) = read_catalogue(tmp_path / "a.rdf")
    assert "no pgterms:ebook" in str(problem)
