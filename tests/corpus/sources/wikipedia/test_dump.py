import bz2
import re
from itertools import pairwise

import pytest
from tests.corpus.sources.wikipedia.dumps import PACKINGS, TEN_PAGES, dump_xml, multistream, write_dump

from chronolect.corpus.sources.wikipedia import dump
from chronolect.corpus.sources.wikipedia.dump import Damage, cut_dump, find_dumps, pages_of, read_wiki
from chronolect.errors import UserError

MANY = [(f"Page {number}", 0, f"Text {number}. " * (number * 37 % 400), None) for number in range(300)]


def read(path, page_bytes=1 << 20, limit=None):
    """All pages of a dump, and all damage."""
    shards = list(cut_dump(path, page_bytes=page_bytes, limit=limit))
    found = [page for shard in shards for page in pages_of(shard, page_bytes=page_bytes)]
    pages = [page for page in found if not isinstance(page, Damage)]
    return shards, pages, [page for page in found if isinstance(page, Damage)]


def whole_pages(xml):
    return re.findall(rb"<page>.*?</page>", xml, re.DOTALL)


@pytest.mark.parametrize("name", PACKINGS)
@pytest.mark.parametrize("size", [1, 1_000, 50_000, 1 << 30])
def test_wherever_the_cuts_are_the_pages_are_the_same(tmp_path, monkeypatch, name, size):
    for constant in ("RANGE_BYTES", "STREAM_BYTES", "BLOCK_BYTES"):
        monkeypatch.setattr(dump, constant, max(size, 2_000) if constant == "RANGE_BYTES" else size)
    xml = dump_xml(MANY)
    shards, pages, damage = read(write_dump(tmp_path, xml, name))
    assert pages == whole_pages(xml)
    assert not damage
    assert size > 50_000 or name == "single.xml.bz2" or len(shards) > 1


@pytest.mark.parametrize("size", [3, 101, 5_000])
def test_streams_that_end_within_a_page(tmp_path, monkeypatch, size):
    """As pbzip2 writes them: even a mark may be cut in two."""
    xml = dump_xml(TEN_PAGES)
    path = tmp_path / "dump.xml.bz2"
    path.write_bytes(b"".join(bz2.compress(xml[start : start + size]) for start in range(0, len(xml), size)))
    for stream_bytes in (1, 200):
        monkeypatch.setattr(dump, "STREAM_BYTES", stream_bytes)
        shards, pages, damage = read(path)
        assert len(shards) > 1
        assert pages == whole_pages(xml)
        assert not damage


def test_limit(tmp_path):
    for name in PACKINGS:
        _, pages, damage = read(write_dump(tmp_path, dump_xml(MANY), name), limit=7)
        assert len(pages) == 7
        assert not damage


def test_the_head_tells_the_wiki(tmp_path):
    for name in PACKINGS:
        wiki = read_wiki(write_dump(tmp_path, name=name))
        assert (wiki.name, wiki.language, wiki.names(14), wiki.names(0)) == ("enwiki", "en", ("Category",), ())
    without = dump_xml().replace(b"siteinfo", b"other").replace(b"dbname", b"x")
    assert read_wiki(write_dump(tmp_path, without)).name == "enwiki"


@pytest.mark.parametrize("name", PACKINGS)
def test_entity_bombs_are_refused(tmp_path, name):
    bomb = b'<!DOCTYPE x [<!ENTITY a "aaaaaaaaaa"><!ENTITY b "&a;&a;&a;&a;&a;&a;">]>\n' + dump_xml()
    with pytest.raises(UserError, match="declares XML entities"):
        read(write_dump(tmp_path, bomb, name))


def test_what_is_no_dump(tmp_path):
    with pytest.raises(UserError, match="not a dump of a wiki"):
        read(write_dump(tmp_path, b"<html><body>no</body></html>"))
    path = tmp_path / "dump.xml.bz2"
    path.write_bytes(b"no bzip2 at all")
    with pytest.raises(UserError, match="cannot be read"):
        read(path)


def test_xml_cut_within_a_page(tmp_path):
    xml = dump_xml(MANY)
    cut = xml[: xml.index(b"Page 200") + 400]
    for name in PACKINGS:
        if name == "multistream.xml.bz2":
            continue
        _, pages, damage = read(write_dump(tmp_path, cut, name))
        assert pages == whole_pages(xml)[:200]
        assert [piece.kind for piece in damage] == [dump.CUT_OFF]
        assert "Page 200" in str(damage[0].problem)


def test_xml_cut_between_pages_is_noticed(tmp_path):
    xml = dump_xml(MANY)
    cut = xml[: xml.index(b"  <page>\n    <title>Page 200<")]
    for name in PACKINGS:
        _, pages, damage = read(write_dump(tmp_path, cut, name))
        assert len(pages) == 200
        assert [str(piece.problem).rpartition(": ")[2] for piece in damage] == ["the dump ends without </mediawiki>"]


@pytest.mark.parametrize("name", [name for name in PACKINGS if name != "dump.xml"])
def test_a_truncated_file_gives_what_precedes_the_cut(tmp_path, name):
    text = [
        (f"Page {number}", 0, " ".join(str(number * place * 7919 % 9973) for place in range(2_000)), None)
        for number in range(400)
    ]
    xml = dump_xml(text)
    path = write_dump(tmp_path, xml, name)
    path.write_bytes(path.read_bytes()[: path.stat().st_size * 3 // 4])
    _, pages, damage = read(path)
    assert 10 < len(pages) < 400
    assert pages == whole_pages(xml)[: len(pages)]
    assert dump.DAMAGED in [piece.kind for piece in damage]


def test_a_damaged_stream_is_passed_over(tmp_path, monkeypatch):
    xml = dump_xml(MANY)
    packed = bytearray(multistream(xml, 10))
    starts = [found.start() for found in re.finditer(rb"BZh91AY&SY", packed)]
    middle = starts[15] + 40
    packed[middle] ^= 0xFF
    path = tmp_path / "dump.xml.bz2"
    path.write_bytes(packed)
    for stream_bytes in (1, 1 << 30):
        monkeypatch.setattr(dump, "STREAM_BYTES", stream_bytes)
        _, pages, damage = read(path)
        assert pages == [page for number, page in enumerate(whole_pages(xml)) if not 140 <= number < 150]
        assert [piece.kind for piece in damage] == [dump.DAMAGED]


@pytest.mark.parametrize("name", ["single.xml.bz2", "multistream.xml.bz2", "dump.xml.gz", "dump.xml.zst", "dump.xml"])
def test_a_page_of_200_mb_is_left_out(tmp_path, name):
    """Two megabytes are as good as two hundred where the limit is one, but the packed forms hold the real thing."""
    size = (2 << 20) if name == "dump.xml" else (200 << 20)
    head, mark, rest = dump_xml(
        [("Before", 0, "a", None), ("Huge", 0, "MARK", None), ("After", 0, "b", None)]
    ).partition(b"MARK")
    assert mark
    path = tmp_path / name
    pack = (
        _packed_huge if name.endswith(".bz2") else lambda *parts, **_: PACKINGS[name](parts[0] + b"x" * size + parts[1])
    )
    path.write_bytes(pack(head, rest, size, single=name == "single.xml.bz2"))
    _, pages, damage = read(path, page_bytes=1 << 20)
    assert [re.search(rb"<title>(.*?)<", page)[1] for page in pages] == [b"Before", b"After"]
    assert [piece.kind for piece in damage] == [dump.TOO_LARGE]
    assert "Huge" in str(damage[0].problem)


def _packed_huge(head, rest, size, *, single):
    if single:
        packer = bz2.BZ2Compressor(1)
        chunks = [packer.compress(head)]
        chunks += [packer.compress(b"x" * (1 << 20)) for _ in range(size >> 20)]
        return b"".join([*chunks, packer.compress(rest), packer.flush()])
    block = bz2.compress(b"x" * (1 << 20), 1)
    return bz2.compress(head) + block * (size >> 20) + bz2.compress(rest)


def test_finding_dumps(tmp_path):
    for name in PACKINGS:
        write_dump(tmp_path, name=name)
    (tmp_path / "enwiki-pages-articles-multistream-index.txt.bz2").write_bytes(bz2.compress(b"600:10:A\n"))
    (tmp_path / "notes.txt").write_text("no dump")
    assert [path.name for path in find_dumps([tmp_path])] == sorted(PACKINGS)
    part = tmp_path / "parts" / "enwiki-20240401-pages-articles1.xml-p1p41242.bz2"
    part.parent.mkdir()
    part.write_bytes(bz2.compress(dump_xml()))
    assert find_dumps([part.parent]) == [part]
    index = tmp_path / "enwiki-pages-articles-multistream-index.txt.bz2"
    assert find_dumps([tmp_path / "dump.xml", index]) == [tmp_path / "dump.xml"]
    for wrong in ([tmp_path / "notes.txt"], [tmp_path / "nothing"], [index]):
        with pytest.raises(UserError):
            find_dumps(wrong)


def test_marks_of_the_streams_are_where_the_streams_are(tmp_path):
    xml = dump_xml(MANY)
    packed = multistream(xml, 3)
    path = tmp_path / "dump.xml.bz2"
    path.write_bytes(packed)
    starts = [*dump._stream_starts(path), len(packed)]
    assert b"".join(bz2.decompress(packed[a:b]) for a, b in pairwise(starts)) == xml
