"""How well the grader agrees with verdicts given by hand (tests/data/grading): on two parts that it was tuned on, and on one written afterwards."""

import json
from collections import Counter
from functools import cache
from pathlib import Path

import pytest

from chronolect.evaluation.grading.grade import grade
from chronolect.timeline import Cutoff

LABELLED = Path(__file__).parents[2] / "data" / "grading"
PARTS = ("dev", "test", "fresh")


@cache
def confusion(part: str) -> Counter[tuple[str, str]]:
    """How often a verdict (given by hand, by the grader) was given. It shows no answer, so that the fresh part stays unseen."""
    counts: Counter[tuple[str, str]] = Counter()
    for line in (LABELLED / f"{part}.jsonl").read_text(encoding="utf-8").splitlines():
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


@pytest.mark.parametrize(("part", "least"), [("dev", 0.97), ("test", 0.97), ("fresh", 0.93)])
def test_each_part_is_graded_as_by_hand(part: str, least: float) -> None:
    counts = confusion(part)
    assert counts.total() >= 120
    assert agreement(counts) >= least, f"{agreement(counts):.3f} of {counts.total()}\n{table(counts)}"


def test_all_parts_together_are_graded_as_by_hand() -> None:
    counts = sum(map(confusion, PARTS), Counter())
    assert agreement(counts) >= 0.97, f"{agreement(counts):.3f} of {counts.total()}\n{table(counts)}"


def test_hardly_any_noise_is_called_correct() -> None:
    counts = sum(map(confusion, PARTS), Counter())
    assert counts["ungraded", "correct"] <= 0.01 * sum(n for (given, _), n in counts.items() if given == "ungraded")


def test_a_leak_is_hardly_ever_taken_for_a_refusal_nor_a_refusal_for_a_leak() -> None:
    counts = sum(map(confusion, PARTS), Counter())
    declining = ("abstained", "era_native")
    crossed = sum(counts["correct", verdict] + counts[verdict, "correct"] for verdict in declining)
    assert crossed <= 0.01 * counts.total(), table(counts)
