"""Dumps made for the tests: ten pages of our own, in every packing."""

import bz2
import gzip
from collections.abc import Callable, Iterable
from itertools import pairwise
from pathlib import Path
from xml.sax.saxutils import escape, quoteattr

import zstandard

HEAD = """<mediawiki xmlns="http://www.mediawiki.org/xml/export-0.11/" version="0.11" xml:lang="en">
  <siteinfo>
    <sitename>Wikipedia</sitename>
    <dbname>enwiki</dbname>
    <base>https://en.wikipedia.org/wiki/Main_Page</base>
    <namespaces>
      <namespace key="-1" case="first-letter">Special</namespace>
      <namespace key="0" case="first-letter" />
      <namespace key="1" case="first-letter">Talk</namespace>
      <namespace key="4" case="first-letter">Wikipedia</namespace>
      <namespace key="6" case="first-letter">File</namespace>
      <namespace key="14" case="first-letter">Category</namespace>
    </namespaces>
  </siteinfo>
"""
FOOT = "</mediawiki>\n"

LIGHTHOUSE = """{{Short description|Tower with a lamp}}
{{Infobox building
| name = Harbour Light
| height = {{convert|20|m|ft}}
}}
'''Harbour Light''' ({{IPA|/lait/}}; built {{circa|1850}}) is a [[lighthouse]] on the coast.<ref name="a">{{cite book|title=Lamps}}</ref>

Its keeper was [[Ada North|Miss North]]. She wrote to the ''Board'' every week.

== History ==
The tower was raised in 1851.<ref>Almanac, 1852.</ref> It burnt {{as of|1860|lc=y}} eleven lamps.

=== Keepers ===
* Ada North
** her sister Ruth
* Tom Reed

== See also ==
* [[Lamp]]

== References ==
{{reflist}}

[[Category:Towers completed in 1851]]
[[Category:1851 establishments in England|Harbour]]
"""

LONG = "The harbour was quiet, and the boats came home before the evening with their nets full of herring and mackerel."

# Title, namespace, wikitext, target of a redirect.
TEN_PAGES = [
    ("Harbour Light", 0, LIGHTHOUSE, None),
    ("2001: A Voyage", 0, f"'''2001: A Voyage''' is a novel.\n\n{LONG}", None),
    ("Harbor Light", 0, "#REDIRECT [[Harbour Light#Keepers]]\n{{R from spelling}}", "Harbour Light"),
    ("Talk:Harbour Light", 1, f"I doubt the year. {LONG} ~~~~", None),
    ("Wikipedia:Lamps", 4, f"A page about the project. {LONG}", None),
    ("Mercury (disambiguation)", 0, f"'''Mercury''' may refer to:\n* [[Mercury (planet)]]\n* {LONG}", None),
    ("North", 0, f"'''North''' may refer to:\n* [[Ada North]], a keeper\n* {LONG}\n{{{{hndis}}}}", None),
    ("Stub", 0, "A short one.", None),
    ("Only a table", 0, '{| class="wikitable"\n! Year !! Lamps\n|-\n| 1851 || 11\n|}', None),
    ("Ships", 0, f"{LONG}\n\n{{|\n| a\n|}}\n\nSecond paragraph & more, in <i>1900</i>.", None),
]


def page_xml(title: str, namespace: int, text: str, redirect: str | None = None, number: int = 1) -> str:
    """One page as a dump has it."""
    target = f"    <redirect title={quoteattr(redirect)} />\n" if redirect else ""
    return f"""  <page>
    <title>{escape(title)}</title>
    <ns>{namespace}</ns>
    <id>{number}</id>
{target}    <revision>
      <id>{1000 + number}</id>
      <parentid>7</parentid>
      <timestamp>2016-04-{number % 28 + 1:02d}T10:19:33Z</timestamp>
      <contributor><username>Someone</username><id>5</id></contributor>
      <comment>see [[:x]] &lt;page&gt;</comment>
      <model>wikitext</model>
      <format>text/x-wiki</format>
      <text bytes="{len(text)}" xml:space="preserve">{escape(text, {'"': "&quot;"})}</text>
      <sha1>x</sha1>
    </revision>
  </page>
"""


def dump_xml(pages: Iterable[tuple[str, int, str, str | None]] = TEN_PAGES) -> bytes:
    """A whole dump; pages are numbered from 1."""
    body = "".join(page_xml(*page, number=number) for number, page in enumerate(pages, start=1))
    return (HEAD + body + FOOT).encode()


def multistream(xml: bytes, pages_per_stream: int = 2) -> bytes:
    """As the published multistream dumps: the head, some pages each, and the foot are bzip2 streams of their own."""
    marks = [xml.index(b"  <page>")]
    while (end := xml.find(b"</page>\n", marks[-1])) >= 0:
        for _ in range(pages_per_stream - 1):
            following = xml.find(b"</page>\n", end + 1)
            end = following if following >= 0 else end
        marks.append(end + len(b"</page>\n"))
    cuts = [0, *marks, len(xml)]
    return b"".join(bz2.compress(xml[a:b]) for a, b in pairwise(cuts))


PACKINGS: dict[str, Callable[[bytes], bytes]] = {
    "dump.xml": bytes,
    "single.xml.bz2": bz2.compress,
    "multistream.xml.bz2": multistream,
    "dump.xml.gz": gzip.compress,
    "dump.xml.zst": zstandard.compress,
}


def write_dump(folder: Path, xml: bytes | None = None, name: str = "dump.xml") -> Path:
    """The ten pages, or `xml`, packed as the name tells."""
    path = folder / name
    path.write_bytes(PACKINGS[name](dump_xml() if xml is None else xml))
    return path
