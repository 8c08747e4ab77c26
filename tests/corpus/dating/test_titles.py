"""The labelled titles, through reader, join and roles: floors, so that a step back shows."""

import json
from pathlib import Path

import pytest
from benchmarks.title_quality import CUTOFFS, TITLES, Dated, date_titles, verdicts

from chronolect.timeline import Verdict


@pytest.fixture(scope="module")
def dated(tmp_path_factory: pytest.TempPathFactory) -> list[Dated]:
    rows = [json.loads(line) for line in Path(TITLES).read_text(encoding="utf-8").splitlines()]
    assert len(rows) >= 200
    return date_titles(rows, tmp_path_factory.mktemp("titles"))


def test_spans(dated: list[Dated]) -> None:
    assert sum(one.is_right for one in dated) / len(dated) >= 0.97


@pytest.mark.parametrize("cutoff", CUTOFFS)
def test_verdicts(dated: list[Dated], cutoff: str) -> None:
    counts = verdicts(dated, cutoff)
    assert counts[Verdict.AFTER, Verdict.BEFORE] == 0
    after = sum(number for (true, _), number in counts.items() if true is Verdict.AFTER)
    assert after >= 40
    assert counts[Verdict.AFTER, Verdict.AFTER] / after >= 0.98
