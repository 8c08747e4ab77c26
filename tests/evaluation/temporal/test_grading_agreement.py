"""How well the grader agrees with verdicts given by hand (tests/data/grading)."""

import json
from collections import Counter
from functools import cache
from pathlib import Path

import pytest

from chronolect.evaluation.temporal.grading import grade
from chronolect.timeline import Cutoff

LABELLED = Path(__file__).parents[2] / "data" / "grading"


@cache
def confusion(half: str) -> Counter[tuple[str, str]]:
    """How often a verdict (given by hand, by the grader) was given. It shows no answer, so that the test half stays unseen."""
    counts: Counter[tuple[str, str]] = Counter()
    for line in (LABELLED / f"{half}.jsonl").read_text(encoding="utf-8").splitlines():
        row = json.loads(line)
        judged = grade(
            row["response"], question=row["question"], answers=row["answers"], cutoff=Cutoff.parse(row["cutoff"])
        )
        counts[row["verdict"], judged.verdict] += 1
    return counts


def agreement(counts: Counter[tuple[str, str]]) -> float:
    return sum(count for (given, found), count in counts.items() if given == found) / counts.total()


def table(counts: Counter[tuple[str, str]]) -> str:
    return "\n".join(
        f"{given} judged {found}: {count}" for (given, found), count in sorted(counts.items()) if given != found
    )


@pytest.mark.parametrize(("half", "least"), [("dev", 0.97), ("test", 0.88)])
def test_each_half_is_graded_as_by_hand(half: str, least: float) -> None:
    counts = confusion(half)
    assert counts.total() >= 120
    assert agreement(counts) >= least, f"{agreement(counts):.3f} of {counts.total()}\n{table(counts)}"


def test_both_halves_together_are_graded_as_by_hand() -> None:
    counts = confusion("dev") + confusion("test")
    assert agreement(counts) >= 0.95, f"{agreement(counts):.3f} of {counts.total()}\n{table(counts)}"


def test_hardly_any_noise_is_called_correct() -> None:
    counts = confusion("dev") + confusion("test")
    assert counts["ungraded", "correct"] <= 0.01 * sum(n for (given, _), n in counts.items() if given == "ungraded")
