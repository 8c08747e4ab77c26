import gzip
import json

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from tests.corpus.sources.wikipedia.dumps import LONG, PACKINGS, TEN_PAGES, dump_xml, write_dump

from chronolect.corpus import read_documents
from chronolect.corpus.document import DROPPED, read_batches
from chronolect.corpus.engine import Engine
from chronolect.corpus.sources.wikipedia import dump, import_wikipedia
from chronolect.errors import UserError


def run(tmp_path, inputs, name="out", **options):
    """Counts, documents by title, and dropped reasons by title."""
    out = tmp_path / name
    counts = import_wikipedia(list(inputs), out=out, **options)
    documents = {document.title: document for document in read_documents(out)}
    dropped = {}
    if (out / DROPPED).exists():
        for batch in read_batches(out / DROPPED):
            dropped |= dict(zip(batch["title"].to_pylist(), batch["reason"].to_pylist(), strict=True))
    return counts, documents, dropped


def test_ten_pages(tmp_path):
    counts, documents, dropped = run(tmp_path, [write_dump(tmp_path)])
    assert list(documents) == ["Harbour Light", "2001: A Voyage", "Mercury (disambiguation)", "North", "Ships"]
    assert counts == {
        "dumps": 1,
        "documents": 5,
        "dropped": 2,
        "dropped_by": {"no text": 1, "short": 1},
        "disambiguation pages": 2,
        "namespace 0 (articles)": 8,
        "namespace 1 (Talk)": 1,
        "namespace 4 (Wikipedia)": 1,
        "pages": 10,
        "redirects": 1,
        "problems": {},
    }
    assert dropped == {"Stub": "short: 12 characters", "Only a table": "no text"}
    text = documents["Harbour Light"].text
    assert "\n\n## History\n\nThe tower was raised" in text
    assert "\n\n### Keepers\n\n- Ada North\n" in text
    assert "References" not in text
    assert "See also" not in text
    assert documents["Ships"].text == f"{LONG}\n\nSecond paragraph & more, in 1900."


def test_redirects_have_a_table(tmp_path):
    run(tmp_path, [write_dump(tmp_path)])
    assert pq.read_table(tmp_path / "out" / "redirects").to_pylist() == [
        {"source": "Harbor Light", "target": "Harbour Light", "page_id": 3, "fragment": "Keepers"}
    ]


def test_a_document_tells_where_it_comes_from(tmp_path):
    _, documents, _ = run(tmp_path, [write_dump(tmp_path)])
    found = documents["2001: A Voyage"]
    assert (found.id, found.source, found.language, found.licence) == ("enwiki:2", "wikipedia", "en", "CC-BY-SA-4.0")
    assert found.url == "https://en.wikipedia.org/wiki/2001:_A_Voyage"
    assert found.meta == {
        "page_id": 2,
        "revision": 1002,
        "timestamp": "2016-04-03T10:19:33Z",
        "namespace": 0,
        "categories": [],
    }
    assert found.written.edtf() == "2001-01-15/2016-04-03"
    assert not found.about.is_known
    (piece,) = found.evidence
    assert (piece.field, piece.kind, piece.reference) == ("written", "header", "enwiki: revision 1002")
    light = documents["Harbour Light"].meta["categories"]
    assert light == ["Towers completed in 1851", "1851 establishments in England"]


def test_pages_that_tell_titles_apart(tmp_path):
    path = write_dump(tmp_path)
    _, documents, _ = run(tmp_path, [path])
    marked = {title for title, document in documents.items() if document.meta.get("disambiguation")}
    assert marked == {"Mercury (disambiguation)", "North"}
    counts, documents, dropped = run(tmp_path, [path], "dropping", disambiguation="drop")
    assert not marked & set(documents)
    assert counts["dropped_by"]["disambiguation page"] == 2
    assert counts["disambiguation pages"] == 0
    assert dropped["North"] == "disambiguation page"


@pytest.mark.parametrize(
    ("wikitext", "expected"),
    [
        ("{{disambiguation}}", True),
        ("{{Disambig|geo|surname}}", True),
        ("{{dab}}", True),
        ("{{Human name disambiguation}}", True),
        ("{{ surname }}", True),
        ("{{Set index article}}", True),
        ("{{disambiguation needed|date=May 2015}}", False),
        ("{{distinguish|dab}}", False),
        ("disambiguation", False),
    ],
)
def test_templates_that_mark_them(tmp_path, wikitext, expected):
    xml = dump_xml([("North", 0, f"{LONG}\n{wikitext}", None)])
    _, documents, _ = run(tmp_path, [write_dump(tmp_path, xml)])
    assert ("disambiguation" in documents["North"].meta) is expected


def test_other_namespaces_and_lengths(tmp_path):
    counts, documents, dropped = run(tmp_path, [write_dump(tmp_path)], namespaces=(0, 1), min_chars=1)
    assert "Talk:Harbour Light" in documents
    assert documents["Talk:Harbour Light"].meta["namespace"] == 1
    assert "Wikipedia:Lamps" not in documents
    assert "Stub" in documents
    assert dropped == {"Only a table": "no text"}
    assert counts["namespace 4 (Wikipedia)"] == 1


def test_sections_and_tables_on_request(tmp_path):
    _, documents, _ = run(tmp_path, [write_dump(tmp_path)], sections="keep", tables="keep", min_chars=1)
    assert "## See also\n\n- Lamp" in documents["Harbour Light"].text
    assert documents["Only a table"].text == "Year | Lamps\n1851 | 11"


@pytest.mark.parametrize("name", ["dump.xml", "single.xml.bz2", "multistream.xml.bz2"])
def test_the_same_bytes_whatever_the_number_of_workers(tmp_path, monkeypatch, name):
    monkeypatch.setattr(dump, "STREAM_BYTES", 1)
    monkeypatch.setattr(dump, "RANGE_BYTES", 3_000)
    monkeypatch.setattr(dump, "BLOCK_BYTES", 3_000)
    path = write_dump(tmp_path, name=name)
    digests = set()
    for workers in (1, 2):
        out = tmp_path / str(workers)
        import_wikipedia([path], out=out, engine=Engine(workers=workers))
        manifest = json.loads((out / "manifest.json").read_text())
        digests.add(manifest["content_digest"])
        assert manifest["counts"]["documents"] == 5
        assert len(list(out.glob("part-*.parquet"))) > 1
    assert len(digests) == 1


@pytest.mark.parametrize("name", PACKINGS)
def test_every_packing_gives_the_same_documents(tmp_path, name):
    _, plain, _ = run(tmp_path, [write_dump(tmp_path)], "plain")
    _, packed, _ = run(tmp_path, [write_dump(tmp_path, name=name)], "packed")
    assert packed == plain


def test_several_dumps(tmp_path):
    second = dump_xml([("Zweite Seite", 0, LONG, None)]).replace(b"enwiki", b"dewiki").replace(b'"en"', b'"de"')
    (tmp_path / "a").mkdir()
    (tmp_path / "a" / "second.xml").write_bytes(second)
    counts, documents, _ = run(tmp_path, [write_dump(tmp_path), tmp_path / "a"])
    assert counts["dumps"] == 2
    assert documents["Zweite Seite"].id == "dewiki:1"
    assert documents["Zweite Seite"].language == "de"


PAGE_PROPS = """-- MySQL dump
INSERT INTO `page_props` VALUES (1,'wikibase_item','Q42',NULL),(1,'page_image_free','A_(b),\\'c\\'.jpg',NULL),(2,'displaytitle','Q7',NULL);
INSERT INTO `page_props` VALUES (10,'disambiguation','',NULL),(10,'wikibase_item','Q1299',NULL),(3,'wikibase_item','Q5',NULL);
"""


def test_items_from_page_props(tmp_path):
    props = tmp_path / "enwiki-page_props.sql.gz"
    props.write_bytes(gzip.compress(PAGE_PROPS.encode()))
    _, documents, _ = run(tmp_path, [write_dump(tmp_path)], page_props=props)
    assert {
        title: document.meta.get("wikidata") for title, document in documents.items() if "wikidata" in document.meta
    } == {
        "Harbour Light": "Q42",
        "Ships": "Q1299",
    }
    assert documents["Ships"].meta["disambiguation"] is True
    assert sorted(path.name for path in (tmp_path / "out").iterdir()) == [
        "dropped",
        "manifest.json",
        "part-00000.parquet",
        "redirects",
    ]


@pytest.mark.parametrize("name", ["items.tsv", "items.parquet"])
def test_items_from_a_table(tmp_path, name):
    if name.endswith("parquet"):
        pq.write_table(pa.table({"page_id": [10, 1, 2], "qid": ["Q1299", "Q42", None]}), tmp_path / name)
    else:
        (tmp_path / name).write_text("page_id\tqid\n10\tQ1299\n1\tQ42\n")
    _, documents, _ = run(tmp_path, [write_dump(tmp_path)], item_table=tmp_path / name)
    assert [document.meta.get("wikidata") for document in documents.values()] == ["Q42", None, None, None, "Q1299"]


def test_what_is_wrong_with_items(tmp_path):
    path = write_dump(tmp_path)
    (tmp_path / "items.tsv").write_text("page_id\tqid\n10\tmoon\n")
    with pytest.raises(UserError, match=r"items\.tsv:2: expected a page_id"):
        run(tmp_path, [path], item_table=tmp_path / "items.tsv")
    (tmp_path / "empty.sql").write_text("-- nothing\n")
    with pytest.raises(UserError, match="no Wikidata item in it"):
        run(tmp_path, [path], page_props=tmp_path / "empty.sql")
    with pytest.raises(UserError, match="give one of them"):
        run(tmp_path, [path], page_props=tmp_path / "empty.sql", item_table=tmp_path / "items.tsv")


def test_pages_that_cannot_be_read_cost_only_themselves(tmp_path):
    xml = dump_xml([*TEN_PAGES[:2], ("Latin", 0, f"caf\u00e9 {LONG}", None), ("Bare", 0, LONG, None)])
    xml = xml.replace("caf\u00e9".encode(), b"caf\xe9").replace(b"<id>4</id>", b"")
    counts, documents, _ = run(tmp_path, [write_dump(tmp_path, xml)])
    assert list(documents) == ["Harbour Light", "2001: A Voyage"]
    assert counts["problems"] == {"unreadable page": 2}
    listed = json.loads((tmp_path / "out" / "manifest.json").read_text())["counts"]["problem_list"]
    assert [line.partition("dump.xml: ")[2] for line in listed] == ["Latin: not UTF-8", "Bare: no <id> in it"]


def test_a_page_too_large_costs_only_itself(tmp_path):
    xml = dump_xml([*TEN_PAGES[:2], ("Huge", 0, "x" * (3 << 20), None), *TEN_PAGES[9:]])
    counts, documents, _ = run(tmp_path, [write_dump(tmp_path, xml)], max_page_mb=2)
    assert list(documents) == ["Harbour Light", "2001: A Voyage", "Ships"]
    assert counts["problems"] == {"page too large": 1}


def test_pages_that_hold_no_wikitext(tmp_path):
    xml = dump_xml(TEN_PAGES[:2]).replace(b"<model>wikitext", b"<model>json", 1)
    _, documents, dropped = run(tmp_path, [write_dump(tmp_path, xml)])
    assert list(documents) == ["2001: A Voyage"]
    assert dropped == {"Harbour Light": "not wikitext: json"}


def test_nothing_to_import(tmp_path):
    with pytest.raises(UserError, match="nothing to import: 1 short"):
        run(tmp_path, [write_dump(tmp_path, dump_xml(TEN_PAGES[7:8]))])
    with pytest.raises(UserError, match="no page of these namespaces"):
        run(tmp_path, [write_dump(tmp_path)], namespaces=(99,))
    assert not (tmp_path / "out").exists()


def published(folder, rows):
    """Files as on the hub: one folder named after the dump and the language."""
    path = folder / "20231101.en" / "train-00000-of-00001.parquet"
    path.parent.mkdir()
    columns = ("id", "url", "title", "text")
    pq.write_table(
        pa.table({name: [row[place] for row in rows] for place, name in enumerate(columns)}), path, row_group_size=2
    )
    return path


ROWS = [
    (
        "12",
        "https://en.wikipedia.org/wiki/Ships",
        "Ships",
        f"{LONG}\n\nHistory\n\n{LONG}\n\nSee also\nBoats\n\nReferences\n\nExternal links\nA site",
    ),
    (
        "13",
        "https://en.wikipedia.org/wiki/Notes",
        "Notes",
        f"{LONG}\n\nNotes\nOne\n\nLegacy\n{LONG}{LONG}{LONG}\n\nSources",
    ),
    ("14", "https://en.wikipedia.org/wiki/M_(disambiguation)", "M (disambiguation)", f"M may refer to:\n\n{LONG}"),
    ("15", "https://en.wikipedia.org/wiki/Stub", "Stub", "Short."),
    ("x", "https://en.wikipedia.org/wiki/No", "No", LONG),
]


def test_the_published_form(tmp_path):
    path = published(tmp_path, ROWS)
    (tmp_path / "items.tsv").write_text("page_id\tqid\n12\tQ11446\n")
    for name, inputs in (("file", [path]), ("folder", [path.parent])):
        counts, documents, dropped = run(tmp_path, inputs, name, item_table=tmp_path / "items.tsv")
        assert list(documents) == ["Ships", "Notes", "M (disambiguation)"]
        assert documents["Ships"].text == f"{LONG}\n\nHistory\n\n{LONG}"
        assert documents["Notes"].text == f"{LONG}\n\nLegacy\n{LONG}{LONG}{LONG}"
        assert documents["Ships"].meta == {"page_id": 12, "namespace": 0, "wikidata": "Q11446"}
        assert documents["Ships"].id == "enwiki:12"
        assert documents["Ships"].written.edtf() == "2001-01-15/2023-11-01"
        assert documents["M (disambiguation)"].meta["disambiguation"] is True
        assert dropped == {"Stub": "short: 6 characters"}
        assert counts["problems"] == {"unreadable page": 1}
    _, documents, _ = run(tmp_path, [path], "kept", sections="keep")
    assert documents["Ships"].text.endswith("External links\nA site")


def test_a_parquet_file_of_something_else(tmp_path):
    pq.write_table(pa.table({"id": [1]}), tmp_path / "other.parquet")
    with pytest.raises(UserError, match="no column url"):
        run(tmp_path, [tmp_path / "other.parquet"])
