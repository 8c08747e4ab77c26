"""A made-up encyclopaedia with its Wikidata: people with lives, some pages of other kinds, as a dump of any size."""

import bz2
import json
import random
from pathlib import Path

_HEAD = (
    '<mediawiki xmlns="http://www.mediawiki.org/xml/export-0.11/" version="0.11" xml:lang="en">\n<siteinfo><sitename>Wikipedia</sitename>'
    "<dbname>enwiki</dbname><base>https://en.wikipedia.org/wiki/Main_Page</base><case>first-letter</case><namespaces>"
    '<namespace key="0" case="first-letter" /><namespace key="1" case="first-letter">Talk</namespace></namespaces></siteinfo>\n'
)
_WORDS = ["ship", "north", "letters", "home", "news", "war", "peace", "trade", "king", "star", "bread", "snow", "river"]


def write_dump(folder: Path, pages: int, *, per_stream: int = 50, seed: int = 0) -> Path:
    """A multistream dump of that many pages; every fifth is a redirect, every ninth a talk page."""
    draw = random.Random(seed)
    path = folder / "made-pages-articles-multistream.xml.bz2"
    with open(path, "wb") as file:
        file.write(bz2.compress(_HEAD.encode()))
        for start in range(1, pages + 1, per_stream):
            block = "".join(_page(number, draw) for number in range(start, min(start + per_stream, pages + 1)))
            file.write(bz2.compress(block.encode()))
        file.write(bz2.compress(b"</mediawiki>\n"))
    return path


def _page(number: int, draw: random.Random) -> str:
    title, redirect, space = f"Person {number}", "", 0
    if number % 5 == 0:
        redirect, text = f'<redirect title="Person {number - 1}" />', f"#REDIRECT [[Person {number - 1}]]"
    elif number % 9 == 0:
        title, space, text = f"Talk:Person {number}", 1, "A discussion of the page."
    else:
        text = _article(number, draw)
    return (
        f"<page><title>{title}</title><ns>{space}</ns><id>{number}</id>{redirect}<revision><id>{number + 10**6}</id>"
        f"<timestamp>2024-05-01T00:00:00Z</timestamp><model>wikitext</model><format>text/x-wiki</format>"
        f'<text bytes="{len(text)}" xml:space="preserve">{text}</text><sha1>x</sha1></revision></page>\n'
    )


def _article(number: int, draw: random.Random) -> str:
    born, died = lifetime(number)
    said = [" ".join(draw.choices(_WORDS, k=draw.randint(20, 60))).capitalize() + "." for _ in range(8)]
    return (
        f"'''Person {number}''' ({born}–{died}) was known for [[ship|ships]].\n\n"
        f"== Life ==\n{said[0]} In {born + 20} it was {said[1]}\n\n{said[2]}\n\nIn {born + 35}, {said[3]}\n\n"
        f"== Memory ==\nIn {died + 30} a street was named. {said[4]}\n\n{said[5]}\n\n== References ==\n* A book.\n"
    )


def lifetime(number: int) -> tuple[int, int]:
    """Years of birth and death of a person."""
    born = 1700 + number * 37 % 290
    return born, born + 40 + number * 13 % 50


def write_wikidata(folder: Path, pages: int) -> Path:
    """The entity dump to `write_dump`: one line a person, joined by title."""
    path = folder / "made-all.json.bz2"
    with bz2.open(path, "wt", encoding="utf-8") as file:
        file.write("[\n")
        for number in range(1, pages + 1):
            claims = {
                name: [
                    {
                        "id": f"Q{number}${name}",
                        "type": "statement",
                        "rank": "normal",
                        "mainsnak": {
                            "snaktype": "value",
                            "property": name,
                            "datavalue": {"type": "time", "value": _time(year)},
                        },
                    }
                ]
                for name, year in zip(("P569", "P570"), lifetime(number), strict=True)
            }
            sitelinks = {"enwiki": {"site": "enwiki", "title": f"Person {number}", "badges": []}}
            entity = {"type": "item", "id": f"Q{number}", "labels": {}, "claims": claims, "sitelinks": sitelinks}
            file.write(json.dumps(entity, separators=(",", ":")) + ("\n" if number == pages else ",\n"))
        file.write("]\n")
    return path


def _time(year: int) -> dict[str, object]:
    return {
        "time": f"+{year:04d}-00-00T00:00:00Z",
        "timezone": 0,
        "before": 0,
        "after": 0,
        "precision": 9,
        "calendarmodel": "http://www.wikidata.org/entity/Q1985727",
    }
