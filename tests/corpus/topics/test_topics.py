"""Year pages, written for this test, to events by year."""

import bz2
import json
from html import escape
from pathlib import Path

import pytest

from chronolect.corpus import read_documents
from chronolect.corpus.engine import Engine
from chronolect.corpus.filter import filter_corpus
from chronolect.corpus.sources.wikipedia import import_wikipedia
from chronolect.corpus.topics import year_topics
from chronolect.errors import UserError
from chronolect.timeline import Span

Y1969 = """{{Year nav|1969}}
'''1969''' was a common year.
* [[January 1]] – not yet in a section

== Events ==
=== January–March ===
* '''[[January 20]]''' &ndash; [[Richard Nixon]] takes office.<ref>* [[July 1]] – in a reference</ref>
* [[February 9]] – The [[Boeing 747]] {{nowrap|flies for
the first time}}.
* An undated thing of the first quarter.

=== July ===
[[File:Flag.jpg|thumb|* [[July 2]] – no event]]
{| class="wikitable"
| * [[July 3]] – in a table
|}
* [[July 16]]
** [[Apollo 11]] is launched.
** [[Queen (band)|A band]] plays.
* [[July 20]] – [[apollo_11#Landing|The Eagle]] lands on the [[Moon]].
*: ''Two'' people walk there.
* July 21 – [[Luna 15]] falls:
** [[July 22]] – The [[Jodrell Bank]] log is closed.
** The log is kept.
<!-- * [[July 23]] – hidden -->
* [[July 24]]–[[July 30|30]] – Quarantine.
* [[July 32]] – Never.
* [[August 1]] – [[:Category:Things]] and [[wikt:word]] and [[Earth: a planet]].

=== Undated ===
* [[Unix]] is begun.

== Births ==
=== March ===
* [[March 1]] – [[Ada Example]], painter (d. [[2015]])

== Deaths ==
* [[April 2]] – [[Bob Example]] (b. [[1890]])

== Nobel Prizes ==
* [[Physics]] – nobody

== References ==
* [[July 4]] – not an event
"""
Y44BC = """== Events ==
=== By place ===
==== Roman Republic ====
* [[March 15]] ([[Ides of March]]) – [[Julius Caesar]] is killed.
* [[Lucius Example]] is consul.
== Deaths ==
* [[March 15]] – [[Julius Caesar]]
"""
Y476 = "==Events==\n* [[September 4]] – [[Romulus Augustulus]] is deposed.\n"
FORTY_TWO = "'''42''' is a number.\n== Mathematics ==\n* [[January 1]] – not a year page\n"


def page(title: str, number: int, text: str, redirect: str = "", timestamp: str = "2020-05-01T00:00:00Z") -> str:
    tag = f'<redirect title="{redirect}" />' if redirect else ""
    return (
        f"<page><title>{title}</title><ns>0</ns><id>{number}</id>{tag}<revision><id>{number + 1000}</id>"
        f"<timestamp>{timestamp}</timestamp><model>wikitext</model><text>{escape(text, quote=False)}</text></revision></page>"
    )


def dump(folder: Path, *pages: str, name: str = "dump.xml") -> Path:
    head = (
        '<mediawiki xmlns="http://www.mediawiki.org/xml/export-0.11/" xml:lang="en"><siteinfo><dbname>enwiki</dbname>'
        "<base>https://en.wikipedia.org/wiki/Main_Page</base><namespaces>"
        '<namespace key="0" case="first-letter" /><namespace key="6" case="first-letter">File</namespace>'
        '<namespace key="14" case="first-letter">Category</namespace></namespaces></siteinfo>'
    )
    path = folder / name
    path.write_text(head + "\n".join(pages) + "</mediawiki>", encoding="utf-8")
    return path


@pytest.fixture
def years(tmp_path):
    return dump(
        tmp_path,
        page("1969", 34, Y1969),
        page("44 BC", 35, Y44BC),
        page("AD 476", 36, "", redirect="476"),
        page("476", 37, Y476),
        page("42", 38, FORTY_TWO),
        page("1969 in science", 39, "== Events ==\n* [[July 20]] – Laser ranging begins.\n"),
        page("Apollo 11", 40, "== Events ==\n* [[July 20]] – no year page\n"),
    )


def run(inputs, tmp_path, **options):
    out = tmp_path / "topics"
    counts = year_topics([inputs], out=out, engine=Engine(workers=1), **options)
    files = {path.stem: json.loads(path.read_text(encoding="utf-8")) for path in sorted((out / "events").iterdir())}
    return counts, files, list(read_documents(out))


def test_events_by_year(years, tmp_path):
    counts, files, documents = run(years, tmp_path)
    assert list(files) == ["year_-0043", "year_0476", "year_1969"]
    assert (counts["years"], counts["pages"], counts["numbers, not years"]) == (3, 3, 1)
    year = files["year_1969"]
    assert year["schema"] == 1
    assert year["pages"] == [
        {"wiki": "enwiki", "page": "1969", "page_id": 34, "revision": 1034, "timestamp": "2020-05-01T00:00:00Z"}
    ]
    events = [(event["date"], event["text"]) for event in year["events"]]
    assert events == [
        ("1969-01-20", "Richard Nixon takes office."),
        ("1969-02-09", "The Boeing 747 flies for the first time."),
        ("1969-01/1969-03", "An undated thing of the first quarter."),
        ("1969-07-16", "Apollo 11 is launched."),
        ("1969-07-16", "A band plays."),
        ("1969-07-20", "The Eagle lands on the Moon. Two people walk there."),
        ("1969-07-22", "The Jodrell Bank log is closed."),
        ("1969-07-21", "The log is kept."),
        ("1969-07-24/1969-07-30", "Quarantine."),
        ("1969-07", "Never."),
        ("1969-08-01", "Category:Things and word and Earth: a planet."),
        ("1969", "Unix is begun."),
    ]
    assert year["events"][7]["under"] == "Luna 15 falls:"
    assert [link["title"] for link in year["events"][5]["links"]] == ["Apollo 11", "Moon"]
    assert [link["title"] for link in year["events"][10]["links"]] == ["Earth: a planet"]
    assert year["events"][3]["precision"] == "day"
    assert (year["events"][3]["month"], year["events"][3]["day"], year["events"][3]["date_text"]) == (7, 16, "July 16")
    assert [(born["date"], born["links"][0]["title"]) for born in year["births"]] == [("1969-03-01", "Ada Example")]
    assert [(died["date"], died["text"]) for died in year["deaths"]] == [("1969-04-02", "Bob Example (b. 1890)")]
    assert counts["problems"] == {"date": 1}
    assert (counts["events"], counts["births"], counts["deaths"]) == (15, 1, 2)
    assert not any("Ada" in document.text for document in documents)


def test_before_christ_and_julian(years, tmp_path):
    _, files, documents = run(years, tmp_path)
    caesar, consul = files["year_-0043"]["events"]
    assert (caesar["date"], caesar["calendar"], caesar["month"], caesar["day"]) == ("-0043-03-13", "julian", 3, 15)
    assert caesar["heading"] == "By place / Roman Republic"
    assert (consul["date"], consul["precision"]) == ("-0043", "year")
    titles = [document.title for document in documents]
    assert titles[:3] == ["March 15, 44 BC", "44 BC", "September 4, AD 476"]
    assert documents[0].about == Span.parse("-0043-03-13")


def test_the_cutoff_parts_the_year(years, tmp_path):
    _, _, documents = run(years, tmp_path)
    assert all(document.written.edtf() == "2001-01-15/2020-05-01" for document in documents)
    landing = next(document for document in documents if document.title == "July 20, 1969")
    assert landing.text == "July 20, 1969\n\nThe Eagle lands on the Moon. Two people walk there."
    assert {(piece.field, piece.kind, piece.quote) for piece in landing.evidence} == {
        ("written", "header", "2020-05-01T00:00:00Z"),
        ("about", "expression", "July 20"),
    }
    filter_corpus(tmp_path / "topics", out=tmp_path / "locked", cutoff="1969-07-20", by="about")
    kept = {document.title for document in read_documents(tmp_path / "locked")}
    assert {"January 20, 1969", "July 16, 1969", "July 20, 1969"} < kept
    assert kept.isdisjoint({"July 22, 1969", "July 24–30, 1969", "1969", "July 1969"})


@pytest.mark.parametrize(("per", "number"), [("event", 15), ("date", 14), ("year", 3)])
def test_documents(years, tmp_path, per, number):
    _, files, documents = run(years, tmp_path, per=per)
    assert len(documents) == number
    assert len({document.id for document in documents}) == number
    events = [event for year in files.values() for event in year["events"]]
    for event in events:
        assert sum(event["text"] in document.text for document in documents) == 1
    if per == "year":
        assert documents[-1].title == "Events of 1969"
        assert "July 16: Apollo 11 is launched.\nJuly 16: A band plays." in documents[-1].text
        assert documents[-1].about == Span.year(1969)


def test_links_to_articles(years, tmp_path):
    long = "word " * 40
    articles = dump(
        tmp_path,
        page("Apollo 11", 662, long),
        page("Queen (band)", 700, long),
        page("The Moon", 1, "", redirect="Moon"),
        page("Moon", 19331, long),
        page("Caesar", 701, long),
        page("Julius Caesar", 2, "#REDIRECT [[Caesar]]", redirect="Caesar"),
        name="articles.xml",
    )
    import_wikipedia([articles], out=tmp_path / "articles", engine=Engine(workers=1))
    counts, files, documents = run(years, tmp_path, articles=tmp_path / "articles")
    links = {
        link["title"]: link["page_id"]
        for year in files.values()
        for section in ("events", "deaths")
        for event in year[section]
        for link in event["links"]
    }
    assert {title: number for title, number in links.items() if number} == {
        "Apollo 11": 662, "Queen (band)": 700, "Moon": 19331, "Julius Caesar": 701,
    }  # fmt: skip
    assert links["Richard Nixon"] is None
    assert counts["linked"] == 6
    landing = next(document for document in documents if document.title == "July 20, 1969")
    assert landing.meta["articles"] == [662, 19331]


def test_lists_and_years(years, tmp_path):
    _, files, _ = run(years, tmp_path, lists=True, start_year=1900)
    assert list(files) == ["year_1969"]
    assert [page["page"] for page in files["year_1969"]["pages"]] == ["1969", "1969 in science"]
    _, files, _ = run(years, tmp_path, end_year=0)
    assert list(files) == ["year_-0043"]


def test_the_same_page_in_two_dumps(years, tmp_path):
    later = page("1969", 34, "== Events ==\n* [[July 20]] – A landing.\n").replace("<id>1034</id>", "<id>2000</id>")
    second = dump(tmp_path, later, page("476", 37, Y476), name="second.xml")
    out = tmp_path / "topics"
    year_topics([years, second], out=out, engine=Engine(workers=2))
    first = json.loads((out / "events" / "year_1969.json").read_text(encoding="utf-8"))
    assert [event["text"] for event in first["events"]] == ["A landing."]
    second_year = json.loads((out / "events" / "year_0476.json").read_text(encoding="utf-8"))
    assert len(second_year["events"]) == 1


def test_same_bytes_for_any_workers(years, tmp_path):
    found = []
    packed = tmp_path / "packed.xml.bz2"
    packed.write_bytes(bz2.compress(years.read_bytes()))
    for workers in (1, 2):
        out = tmp_path / f"out{workers}"
        year_topics([years, packed], out=out, engine=Engine(workers=workers))
        found.append({
            p.relative_to(out): p.read_bytes() for p in sorted(out.rglob("*")) if p.is_file() and p.name != "manifest.json"
        })  # fmt: skip
    assert found[0] == found[1]
    assert len(found[0]) == 4


def test_what_the_user_can_mend(tmp_path):
    empty = dump(tmp_path, page("Apollo 11", 40, "== Events ==\n* [[July 20]] – x\n"))
    with pytest.raises(UserError, match="no year page"):
        year_topics([empty], out=tmp_path / "out", engine=Engine(workers=1))
    with pytest.raises(UserError, match="no such corpus"):
        year_topics([empty], out=tmp_path / "out", articles=tmp_path / "none", engine=Engine(workers=1))
    (tmp_path / "table.parquet").write_bytes(b"")
    with pytest.raises(UserError, match="wikitext"):
        year_topics([tmp_path / "table.parquet"], out=tmp_path / "out", engine=Engine(workers=1))
