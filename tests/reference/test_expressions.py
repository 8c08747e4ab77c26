"""Dated expressions in real text: novels, addresses, encyclopaedia articles."""

import gzip
import json
import os
import re
from bisect import bisect_right
from pathlib import Path

import pytest

from chronolect.corpus.dating.expressions import find_expressions
from chronolect.timeline import Cutoff, Span, Verdict

DATA = Path(os.environ.get("CHRONOLECT_REFERENCE_DATA", Path(__file__).parents[3] / "shared" / "data"))
pytestmark = pytest.mark.skipif(not DATA.is_dir(), reason=f"the reference data are not there ({DATA})")


def test_years_of_encyclopaedia_articles_are_found():
    """Nearly every number that looks like a year of 1800 to 2016 is one there; what is left over are labels and amounts."""
    text = (DATA / "wikitext-2" / "test.txt").read_text(encoding="utf-8")
    found = find_expressions(text)
    starts = [one.start for one in found]
    years = list(re.finditer(r"(?<![\w@.,])(?:1[89][0-9]{2}|20[01][0-9])s?\b(?! @)", text))
    hit = sum(found[bisect_right(starts, match.start()) - 1].end >= match.end() for match in years)
    assert len(years) > 2_000
    assert hit / len(years) >= 0.98


def test_an_address_speaks_of_its_own_time():
    """Every address of the last 150 years names a time after the year before it; hardly one names a later time."""
    later = []
    files = sorted((DATA / "sotu").glob("*.json"))[100::5]
    for file in files:
        address = json.loads(file.read_text(encoding="utf-8"))
        year = int(address["year"])
        found = find_expressions(address["text"], Span.year(year))
        assert any(Cutoff.parse(f"{year - 1:04d}-01-01").judge(one.span) is Verdict.AFTER for one in found), file.name
        later += [one for one in found if Cutoff.parse(f"{year + 15:04d}").judge(one.span) is Verdict.AFTER]
    assert len(files) >= 20
    assert len(later) <= 12


def test_novels_speak_of_no_later_time():
    """In novels up to 1919, read as of their year, next to nothing lies after the year 1930."""
    words = after = found = 0
    cutoff = Cutoff.parse("1930")
    for file in sorted((DATA / "eltec-eng" / "level1").glob("*.xml.gz"))[::10]:
        with gzip.open(file, "rt", encoding="utf-8") as stream:
            body = re.sub(r"<[^>]+>", "", stream.read())[3_000:]  # without the header, which tells of the edition
        here = find_expressions(body, Span.parse("1840/1919"))
        words += len(body.split())
        found += len(here)
        after += sum(cutoff.judge(one.span) is Verdict.AFTER for one in here)
    assert words > 500_000
    assert found > 100
    assert after / words * 1e6 <= 10
