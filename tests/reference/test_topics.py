"""Year pages linked to real articles: the events are written for the test, the articles those of the sample of a dump."""

import bz2
import json
import os
import re
from pathlib import Path

import pytest

from chronolect.corpus import read_documents
from chronolect.corpus.engine import Engine
from chronolect.corpus.sources.wikipedia import import_wikipedia
from chronolect.corpus.topics import year_topics
from chronolect.errors import UserError

DATA = (
    Path(os.environ.get("CHRONOLECT_REFERENCE_DATA", Path(__file__).parents[3] / "shared" / "data"))
    / "enwiki-dump-sample"
)
pytestmark = pytest.mark.skipif(not DATA.is_dir(), reason=f"the sample of the dump is not there ({DATA})")
EVENTS = """== Events ==
=== July ===
* [[July 16]] – [[Apollo 11]] is launched; the [[astronaut]]s are three.
* [[July 20]] – A [[REDIRECT|redirect]], an [[Isle Of Nowhere]], a [[albert_Einstein#Life|section]].
* [[July 21]] – The news reaches [[Alaska]] and [[Angola]].
"""


def test_the_sample_has_no_year_page(tmp_path):
    with pytest.raises(UserError, match="no year page"):
        year_topics([DATA], out=tmp_path / "topics", engine=Engine(workers=1))


def test_links_to_the_sample(tmp_path):
    xml = b"".join(bz2.decompress(file.read_bytes()) for file in sorted(DATA.glob("*.bz2"))).decode()
    pages = re.findall(r"<title>([^<]*)</title>\s*<ns>0</ns>\s*<id>(\d+)</id>\s*(?:<redirect title=\"([^\"]*)\")?", xml)
    ids = {title: int(number) for title, number, _ in pages}
    redirects = {title: target for title, _, target in pages if target}
    import_wikipedia([DATA], out=tmp_path / "articles", engine=Engine(workers=1))
    moved = next(title for title, target in redirects.items() if target in ids and target not in redirects)
    year = (
        "<page><title>1969</title><ns>0</ns><id>34551</id><revision><id>7</id><timestamp>2016-04-01T00:00:00Z</timestamp>"
        f"<text>{EVENTS.replace('REDIRECT', moved)}</text></revision></page>"
    )
    (tmp_path / "years.xml").write_text(f"{xml[: xml.index('<page>')]}{year}</mediawiki>", encoding="utf-8")
    year_topics(
        [tmp_path / "years.xml"], out=tmp_path / "topics", articles=tmp_path / "articles", engine=Engine(workers=1)
    )
    found = json.loads((tmp_path / "topics" / "events" / "year_1969.json").read_text(encoding="utf-8"))
    links = {link["title"]: link["page_id"] for event in found["events"] for link in event["links"]}
    assert links == {
        "Apollo 11": ids["Apollo 11"],
        "Astronaut": ids["Astronaut"],
        moved: ids[redirects[moved]],
        "Isle Of Nowhere": None,
        "Albert Einstein": ids["Albert Einstein"],
        "Alaska": ids["Alaska"],
        "Angola": ids["Angola"],
    }
    assert [document.about.edtf() for document in read_documents(tmp_path / "topics")] == [
        "1969-07-16", "1969-07-20", "1969-07-21",
    ]  # fmt: skip
