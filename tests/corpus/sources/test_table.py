import json
from datetime import date, datetime

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from chronolect.artifacts import read_json
from chronolect.corpus import read_documents
from chronolect.corpus.sources.table import import_table, to_span
from chronolect.errors import UserError
from chronolect.timeline import Span


def write_lines(path, *records):
    path.write_text("".join((r if isinstance(r, str) else json.dumps(r)) + "\n" for r in records), encoding="utf-8")
    return path


def test_mapping(tmp_path):
    record = {"no": 7, "body": "Text.", "head": "Title", "when": "1850~", "topic": 1815, "link": "http://x", "page": 3}
    letters = write_lines(tmp_path / "letters.jsonl", record)
    counts = import_table(
        [letters],
        out=tmp_path / "out",
        text_field="body",
        title_field="head",
        id_field="no",
        date_field="when",
        about_field="topic",
        url_field="link",
        language="en",
        licence="CC0-1.0",
    )
    assert counts == {"files": 1, "documents": 1, "undated": 0, "left_out": 0, "problems": {}}
    (found,) = read_documents(tmp_path / "out")
    assert (found.id, found.text, found.title, found.source, found.url) == (
        "7",
        "Text.",
        "Title",
        "letters",
        "http://x",
    )
    assert (found.language, found.licence, found.meta) == ("en", "CC0-1.0", {"page": 3})
    assert (found.written.edtf(), found.about) == ("1850~", Span.year(1815))
    assert [(e.field, e.kind, e.quote) for e in found.evidence] == [
        ("written", "catalogue", "1850~"),
        ("about", "catalogue", "1815"),
    ]
    assert found.evidence[0].reference == "letters.jsonl:1 when"
    assert read_json(tmp_path / "out" / "manifest.json")["command"] == "corpus import table"


def test_folders_of_files(tmp_path):
    (tmp_path / "in" / "sub").mkdir(parents=True)
    (tmp_path / "in" / "a.txt").write_text("First.")
    (tmp_path / "in" / "sub" / "a.txt").write_text("Second.")
    (tmp_path / "in" / "a.json").write_text('{"text": "Third."}')
    write_lines(tmp_path / "in" / "b.jsonl", {"text": "Fourth."}, {"text": "Fifth."})
    import_table([tmp_path / "in", tmp_path / "in" / "a.txt"], out=tmp_path / "out", source_name="mine")
    found = {document.id: document.text for document in read_documents(tmp_path / "out")}
    assert found == {
        "a": "Third.",
        "a-2": "First.",
        "b:1": "Fourth.",
        "b:2": "Fifth.",
        "sub/a": "Second.",
        "a-3": "First.",
    }
    assert {document.source for document in read_documents(tmp_path / "out")} == {"mine"}


@pytest.mark.parametrize(
    ("value", "edtf"),
    [
        (1969, "1969"),
        (1969.0, "1969"),
        ("1969", "1969"),
        ("1969.0", "1969"),
        (476, "0476"),
        ("476", "0476"),
        (-43, "-0043"),
        ("-43", "-0043"),
        (0, "0000"),
        (" 1969-07-20 ", "1969-07-20"),
        (date(1969, 7, 20), "1969-07-20"),
        (datetime(1969, 7, 20, 20, 17), "1969-07-20"),
        ("185X", "185X"),
        ("1930/..", "1930/.."),
        ("Y12000", "Y12000"),
    ],
)
def test_dates_of_tables(value, edtf):
    assert to_span(value) == Span.parse(edtf)


@pytest.mark.parametrize("value", ["1969-02-30", 19690720, "19690720", 1969.5, True, [1969], "July 1969"])
def test_what_is_not_a_date(value):
    with pytest.raises(UserError):
        to_span(value)


def test_dates_from_parquet(tmp_path):
    table = pa.table({"text": ["x", "y"], "day": pa.array([date(1969, 7, 20), None])})
    pq.write_table(table, tmp_path / "a.parquet")
    assert import_table([tmp_path / "a.parquet"], out=tmp_path / "out", date_field="day")["undated"] == 1
    assert [document.written.edtf() for document in read_documents(tmp_path / "out")] == ["1969-07-20", "../.."]


BAD = [
    {"text": "good", "date": "1969-07-20", "id": "a"},
    '{"text": "broken',
    {"date": "1969", "id": "b"},
    {"text": " \n", "date": "1969", "id": "c"},
    {"text": "impossible", "date": "1969-02-30", "id": "d"},
    {"text": "again", "date": 1970, "id": "a"},
    {"text": "half \ud800", "date": 1970, "id": "e"},
    {"text": "undated", "date": None, "id": ""},
    {"text": "title", "title": "half \ud800", "date": float("nan"), "id": "f"},
]


def test_problems_are_counted_listed_and_shown(tmp_path, capsys):
    path = write_lines(tmp_path / "a.jsonl", *BAD)
    counts = import_table([path], out=tmp_path / "out", date_field="date", id_field="id")
    assert counts["documents"] == 5
    assert counts["undated"] == 3
    assert counts["left_out"] == 4
    assert counts["problems"] == {"unreadable": 2, "without text": 2, "impossible dates": 1, "repeated ids": 1}
    assert [document.id for document in read_documents(tmp_path / "out")] == ["a", "d", "a-2", "a:8", "f"]
    listed = read_json(tmp_path / "out" / "manifest.json")["counts"]["problem_list"]
    shown = capsys.readouterr().err
    for line, words in [(2, "broken JSON"), (3, "no text"), (4, "no text"), (5, "no such day"), (6, '"a" is taken')]:
        (entry,) = [problem for problem in listed if f"a.jsonl:{line}:" in problem]
        assert words in entry
        assert entry in shown


@pytest.mark.parametrize(("line", "words"), [(2, "broken JSON"), (3, "no text"), (5, "no such day"), (6, "is taken")])
def test_strict_stops_at_the_first_problem(tmp_path, line, words):
    path = write_lines(tmp_path / "a.jsonl", BAD[0], *([{"text": "x", "id": "z"}] * (line > 2)), BAD[line - 1])
    with pytest.raises(UserError, match=rf"a\.jsonl:{2 + (line > 2)}: .*{words}"):
        import_table([path], out=tmp_path / "out", date_field="date", id_field="id", strict=True)
    assert not (tmp_path / "out").exists()


def test_many_problems_show_twenty(tmp_path, capsys):
    path = write_lines(tmp_path / "a.jsonl", {"text": "x"}, *["{"] * 50)
    assert import_table([path], out=tmp_path / "out")["problems"] == {"unreadable": 50}
    shown = [line for line in capsys.readouterr().err.splitlines() if "a.jsonl" in line]
    assert len(shown) == 20
    assert len(read_json(tmp_path / "out" / "manifest.json")["counts"]["problem_list"]) == 50


def test_unknown_field_suggests(tmp_path):
    path = write_lines(tmp_path / "a.jsonl", {"text": "x", "year": 1850})
    with pytest.raises(UserError, match=r'--date-field "yaer".*did you mean "year"'):
        import_table([path], out=tmp_path / "out", date_field="yaer")
    with pytest.raises(UserError, match=r'--text-field "txt".*did you mean "text"'):
        import_table([path], out=tmp_path / "out", text_field="txt")
    assert not (tmp_path / "out").exists()


def test_nothing_to_import(tmp_path):
    path = write_lines(tmp_path / "a.jsonl", {"text": ""}, "{")
    with pytest.raises(UserError, match=r"a\.jsonl: nothing to import: 1 without text, 1 unreadable"):
        import_table([path], out=tmp_path / "out")
    write_lines(path)
    with pytest.raises(UserError, match="no records in it"):
        import_table([path], out=tmp_path / "out")
    with pytest.raises(UserError, match="no such file"):
        import_table([tmp_path / "none.jsonl"], out=tmp_path / "out")
    with pytest.raises(UserError, match="at least one"):
        import_table([], out=tmp_path / "out")


def test_an_earlier_result_stays_when_the_next_import_fails(tmp_path):
    path = write_lines(tmp_path / "a.jsonl", {"text": "kept"})
    import_table([path], out=tmp_path / "out")
    write_lines(path, "{")
    with pytest.raises(UserError):
        import_table([path], out=tmp_path / "out")
    assert [document.text for document in read_documents(tmp_path / "out")] == ["kept"]
