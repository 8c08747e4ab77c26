import gzip

import pytest

from chronolect.artifacts import digest_tree, read_json
from chronolect.corpus import read_documents
from chronolect.corpus.engine import Engine
from chronolect.corpus.sources.tei import import_tei
from chronolect.errors import UserError

BODY = """
<front><div type="titlepage"><p>THE CARRIER</p></div><div type="liminal"><head>PREFACE</head><p>A word before.</p></div></front>
<body>
 <div type="group"><head>BOOK I</head>
  <div type="chapter"><head>CHAPTER I</head><head>The Hill</head>
   <p>The carrier came<note>A note.</note> over<ref target="#n1">[1]</ref> the <hi>hill</hi>,<pb n="2"/>
      with his <choice><sic>lmap</sic><corr>lamp</corr></choice> <choice><orig>vnlit</orig><reg>unlit</reg></choice>.</p>
   <quote><l>The wind is in the barley now,</l><l>The rain is on the hill.</l></quote>
   <milestone unit="section"/>
   <p>He said <quote>nothing</quote> un<lb break="no"/>til<lb/>dawn, as <ref target="#c2">another chapter</ref> tells.</p>
  </div>
  <div type="chapter"><head>CHAPTER II</head><p>The miller slept.</p></div>
 </div>
 <trailer>THE END</trailer>
</body>
<back><div type="notes"><note xml:id="n1">Far over.</note></div></back>
"""

HEADER = """<teiHeader><fileDesc>
 <titleStmt><title>The Carrier : ELTeC edition</title><author>{author}</author>{more}</titleStmt>
 <publicationStmt><availability><licence target="https://example.org/by/4.0/"/></availability><date when="2021-04-09"/></publicationStmt>
 <sourceDesc><bibl type="digitalSource"><date>2015</date></bibl>{source}</sourceDesc>
</fileDesc></teiHeader>"""
FIRST = '<bibl type="firstEdition"><publisher>Old Press</publisher><date>{}</date></bibl>'
FIRST_EDITION = FIRST.format(1890)


def tei(body=BODY, author="Writer, Ann (1850-1901)", more="", source=FIRST_EDITION):
    header = HEADER.format(author=author, more=more, source=source)
    return f'<TEI xmlns="http://www.tei-c.org/ns/1.0" xml:id="ENG1" xml:lang="en">{header}<text>{body}</text></TEI>'


def put(folder, name="ENG1_Writer.xml", content=None):
    folder.mkdir(exist_ok=True)
    (folder / name).write_text(f'<?xml version="1.0" encoding="UTF-8"?>{content or tei()}', encoding="utf-8")
    return folder


def run(tmp_path, content=None, **options):
    import_tei(put(tmp_path / "in", content=content), out=tmp_path / "out", **options)
    return list(read_documents(tmp_path / "out"))


def test_text(tmp_path):
    (found,) = run(tmp_path)
    assert found.text.split("\n\n") == [
        "BOOK I",
        "CHAPTER I",
        "The Hill",
        "The carrier came over the hill, with his lamp vnlit.",
        "The wind is in the barley now,\nThe rain is on the hill.",
        "* * *",
        "He said nothing until dawn, as another chapter tells.",
        "CHAPTER II",
        "The miller slept.",
        "THE END",
    ]
    assert (found.id, found.source, found.title, found.language) == ("ENG1_Writer", "tei", "The Carrier", "en")
    assert found.licence == "https://example.org/by/4.0/"
    assert found.meta == {"authors": "Writer, Ann (1850-1901)", "xml_id": "ENG1"}
    assert found.written.edtf() == "1890"
    assert [(e.kind, e.span.edtf(), e.quote) for e in found.evidence] == [
        ("header", "1890", "1890"),
        ("author-life", "1850/1901", "Writer, Ann (1850-1901)"),
    ]


def test_chapters(tmp_path):
    one, two = run(tmp_path, unit="chapter")
    assert (one.id, one.title) == ("ENG1_Writer#1", "The Carrier: CHAPTER I The Hill")
    assert (two.id, two.text) == ("ENG1_Writer#2", "CHAPTER II\n\nThe miller slept.\n\nTHE END")
    assert two.meta["parts"] == ["BOOK I"]
    assert (two.meta["chapter"], two.meta["text"]) == (2, "ENG1_Writer")
    assert two.written == one.written


def test_front_and_notes_on_request(tmp_path):
    (found,) = run(tmp_path, front=True, notes=True)
    assert found.text.startswith("THE CARRIER\n\nPREFACE\n\nA word before.")
    assert found.text.endswith("Far over.")
    assert "cameA note." in found.text


@pytest.mark.parametrize(
    ("source", "author", "span"),
    [
        (FIRST.format(1907), "Writer, Ann (1850-1901)", "1850/1901"),
        (FIRST.format(1907), "Writer, Ann", "1907"),
        ('<bibl type="firstEdition"><date when="1890-03">spring</date></bibl>', "Writer, Ann", "1890-03"),
        ('<bibl type="firstEdition"><date>1889-1890</date></bibl>', "Writer, Ann", "1889/1890"),
        ('<bibl type="printSource"><date>1895</date></bibl>', "Writer, Ann (1850-1901)", "1850/1895"),
        ("<bibl><date>1895</date></bibl>", "Writer, Ann", "../1895"),
        ('<bibl type="firstEdition"><date>no year</date></bibl>', "Writer, Ann (1850-1901)", "1850/1901"),
        ("", "Writer, Ann", None),
    ],
)
def test_dates_of_the_header(tmp_path, source, author, span):
    (found,) = run(tmp_path, tei(source=source, author=author))
    assert (found.written.edtf() if found.written.is_known else None) == span


def test_a_translator_bounds_the_words(tmp_path):
    more = '<editor role="translator">Neu, N. (1950-1990)</editor><respStmt><resp>encoded by</resp><name>Some Body</name></respStmt>'
    (found,) = run(tmp_path, tei(more=more, source=""))
    assert found.written.edtf() == "1850/1990"


def test_contradictions_are_counted_and_kept(tmp_path):
    folder = put(tmp_path / "in")
    (tmp_path / "meta.tsv").write_text("filename\treference-year\tsubgenre\nENG1_Writer\t1850\tNA\n")
    counts = import_tei(folder, metadata=tmp_path / "meta.tsv", out=tmp_path / "out")
    (found,) = read_documents(tmp_path / "out")
    assert counts["contradictory dates"] == 1
    assert found.written.edtf() == "1850/1901"
    assert [e.kind for e in found.evidence] == ["header", "catalogue", "author-life"]
    assert found.meta["reference-year"] == "1850"
    assert "subgenre" not in found.meta


def test_the_table_dates_what_the_header_does_not(tmp_path):
    folder = put(tmp_path / "in", content=tei(source="", author="Ann Writer"))
    put(folder, "other.xml")
    (tmp_path / "meta.tsv").write_text(
        "xmlid\tauthor-birth\tauthor-death\tfirst-edition\nENG1\t1850\t1901\tNA\nLOST\t\t\t1900\n"
    )
    counts = import_tei(folder, metadata=tmp_path / "meta.tsv", out=tmp_path / "out")
    assert counts["problems"] == {"files without a row": 1, "rows without a file": 1}
    assert next(read_documents(tmp_path / "out")).written.edtf() == "1850/1901"


def test_a_corpus_of_texts_in_one_file(tmp_path):
    content = f'<teiCorpus xmlns="http://www.tei-c.org/ns/1.0"><teiHeader/>{tei()}{tei(source=FIRST.format(1895))}</teiCorpus>'
    one, two = run(tmp_path, content)
    assert (one.id, one.written.edtf(), two.id, two.written.edtf()) == (
        "ENG1_Writer:1",
        "1890",
        "ENG1_Writer:2",
        "1895",
    )


def test_lists_tables_and_drama(tmp_path):
    body = """<body><div><list><item>one</item><item>two</item></list><table><row><cell>a</cell> <cell>b</cell></row><row><cell>c</cell></row></table>
    <lg><l>first</l><l>stanza</l></lg><lg><l>second</l></lg>
    <sp><speaker>MILLER</speaker><p>Come in.</p></sp><figure><figDesc>A mill</figDesc></figure></div></body>"""
    (found,) = run(tmp_path, tei(body))
    assert found.text.split("\n\n") == ["one\ntwo", "a b\nc", "first\nstanza", "second", "MILLER", "Come in."]


def test_bad_files_are_listed_and_the_rest_goes_on(tmp_path):
    folder = put(tmp_path / "in")
    secret = tmp_path / "secret"
    secret.write_text("hidden")
    bomb = "".join(f'<!ENTITY e{n} "{f"&e{n - 1};" * 10}">' for n in range(1, 9))
    bad = {
        "bomb.xml": f'<!DOCTYPE TEI [<!ENTITY e0 "aaaaaaaaaa">{bomb}]>{tei("<body><p>&e8;</p></body>")}',
        "outside.xml": f'<!DOCTYPE TEI [<!ENTITY e SYSTEM "file://{secret}">]>{tei("<body><p>&e;</p></body>")}',
        "undeclared.xml": tei("<body><p>&nbsp;</p></body>"),
        "cut.xml": tei()[:-200],
        "deep.xml": tei("<body>" + "<div>" * 5_000 + "</div>" * 5_000 + "</body>"),
        "other.xml": "<html/>",
        "empty-text.xml": tei("<body/>"),
    }
    for name, content in bad.items():
        put(folder, name, content)
    (folder / "empty.xml").write_text("")
    (folder / "latin.xml").write_bytes(b'<?xml version="1.0" encoding="UTF-8"?><TEI>caf\xe9</TEI>')
    (folder / "cut.xml.gz").write_bytes(gzip.compress(tei().encode())[:-40])
    counts = import_tei(folder, out=tmp_path / "out")
    assert [document.id for document in read_documents(tmp_path / "out")] == ["ENG1_Writer"]
    assert counts["problems"] == {"unreadable": 8, "without text": 2}
    listed = "\n".join(read_json(tmp_path / "out" / "manifest.json")["counts"]["problem_list"])
    assert all(name in listed for name in (*bad, "empty.xml", "latin.xml", "cut.xml.gz"))
    assert "declares entities" in listed
    assert "hidden" not in next(read_documents(tmp_path / "out")).text


def test_a_bomb_in_another_encoding(tmp_path):
    folder = put(tmp_path / "in")
    text = f'<?xml version="1.0" encoding="UTF-16"?><!DOCTYPE TEI [<!ENTITY e "boom">]>{tei("<body><p>&e;</p></body>")}'
    (folder / "b.xml").write_bytes(text.encode("utf-16"))
    late = f'<!DOCTYPE TEI [{" " * 300_000}<!ENTITY e "boom">]>{tei("<body><p>&e;</p></body>")}'
    put(folder, "c.xml", late)
    assert import_tei(folder, out=tmp_path / "out")["problems"] == {"unreadable": 2}
    assert len(list(read_documents(tmp_path / "out"))) == 1


def test_the_same_result_whatever_the_workers(tmp_path, monkeypatch):
    monkeypatch.setattr("chronolect.corpus.sources.tei._SHARD_BYTES", 1)
    for number in range(5):
        put(tmp_path / "in", f"{number}.xml", tei(source=FIRST.format(1890 + number)))
    digests = set()
    for workers in (1, 2):
        import_tei(tmp_path / "in", out=tmp_path / str(workers), engine=Engine(workers=workers))
        digests.add(digest_tree(tmp_path / str(workers)))
    assert len(digests) == 1


def test_wrong_input(tmp_path):
    with pytest.raises(UserError, match="no such file"):
        import_tei(tmp_path / "no", out=tmp_path / "out")
    (tmp_path / "in").mkdir()
    with pytest.raises(UserError, match=r"no \.xml"):
        import_tei(tmp_path / "in", out=tmp_path / "out")
    put(tmp_path / "in", content="<html/>")
    with pytest.raises(UserError, match=r"no text to import: .*no TEI element"):
        import_tei(tmp_path / "in", out=tmp_path / "out")
    for name, content, message in (
        ("a.txt", "x", "not a table"),
        ("a.tsv", "title\tyear\nx\t1\n", "no column names"),
        ("b.tsv", "file\n", "no rows"),
    ):
        (tmp_path / name).write_text(content)
        with pytest.raises(UserError, match=message):
            import_tei(tmp_path / "in", metadata=tmp_path / name, out=tmp_path / "out")
