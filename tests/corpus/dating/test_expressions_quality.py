"""How well the labelled passages are dated: floors below what was measured, over all rows, so that a change for the worse shows."""

from collections import Counter
from pathlib import Path

import pytest
from benchmarks.dating_quality import CUTOFFS, read_rows, verdicts

from chronolect.timeline import Cutoff, Verdict

ROWS = read_rows(Path(__file__).parents[2] / "data" / "dating" / "passages.jsonl")


def test_the_set_is_large_enough():
    assert len(ROWS) >= 400
    assert {row.split for row in ROWS} == {"dev", "test"}


def test_precision_and_recall():
    found = [row.right(one) for row in ROWS for one in row.found]
    labelled = [row.hit(label) for row in ROWS for label in row.labels]
    covered = [row.covered(label) for row in ROWS for label in row.labels]
    assert sum(found) / len(found) >= 0.92
    assert sum(labelled) / len(labelled) >= 0.91
    assert sum(covered) / len(covered) >= 0.96


def test_recall_by_era():
    hits, total = Counter(), Counter()
    for row in ROWS:
        for label in row.labels:
            total[row.era] += 1
            hits[row.era] += row.covered(label)
    assert {era: hits[era] / total[era] for era in total if hits[era] / total[era] < 0.85} == {}


@pytest.mark.parametrize("date", CUTOFFS)
def test_verdicts(date):
    counts = verdicts(ROWS, Cutoff.parse(date))
    after = sum(counts[Verdict.AFTER, judged] for judged in Verdict)
    assert after >= 100
    assert counts[Verdict.AFTER, Verdict.BEFORE] == 0
    assert counts[Verdict.AFTER, Verdict.AFTER] / after >= 0.98
    alarms = sum(counts[Verdict.UNDATED, judged] for judged in (Verdict.BEFORE, Verdict.AFTER, Verdict.STRADDLES))
    assert alarms / sum(counts[Verdict.UNDATED, judged] for judged in Verdict) <= 0.15
