"""The embedded scenarios beside the published ones: read by the same reader, and not a phrase in common."""

import os
import re
from collections.abc import Iterable
from pathlib import Path

import pytest

from chronolect.evaluation.timebench.scenarios import CATEGORIES, Scenario, read_scenarios

DATA = Path(os.environ.get("CHRONOLECT_REFERENCE_DATA", Path(__file__).parents[3] / "shared" / "data")) / "time"
pytestmark = pytest.mark.skipif(not DATA.is_dir(), reason=f"the published scenarios are not there ({DATA})")

PHRASE = 8  # words


def phrases(texts: Iterable[str]) -> set[tuple[str, ...]]:
    found = set()
    for text in texts:
        words = re.findall(r"\w+", re.sub(r"<[^>]*>", " ", re.sub(r"<time>.*?</time>", " ", text)).lower())
        found |= {tuple(words[place : place + PHRASE]) for place in range(len(words) - PHRASE + 1)}
    return found


def texts_of(scenarios: Iterable[Scenario]) -> list[str]:
    return [
        text
        for scenario in scenarios
        for text in (scenario.objective, *(message["content"] for message in scenario.messages))
    ]


def test_the_published_file_is_read():
    published = read_scenarios(DATA / "scenarios.json")
    assert [scenario.category for scenario in published] == [category for category in CATEGORIES for _ in range(11)]
    assert all(scenario.check is None and scenario.slug is None for scenario in published)


def test_no_phrase_in_common():
    published, ours = texts_of(read_scenarios(DATA / "scenarios.json")), texts_of(read_scenarios())
    assert phrases(published) & phrases(published[:3])  # the comparison can fail
    assert not phrases(published) & phrases(ours)
