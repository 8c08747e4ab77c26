"""How well open answers are graded, and how well a list of phrases would have done.

    python benchmarks/grading_quality.py

Grades the answers of tests/data/grading, which were labelled by hand without sight of the grader, and prints for each part the agreement with
its 95 % Wilson interval and what was judged as what. The grader was tuned on dev and test; fresh was written afterwards, and is the part to
report. The rule of phrases knows two verdicts only, so it is compared on what it decides: whether an answer declines (abstained or era_native)
or not. No answer is shown, only figures.
"""

import json
from collections import Counter
from pathlib import Path
from typing import Any, get_args

from chronolect.evaluation.grading.grade import Verdict, grade
from chronolect.evaluation.grading.phrases import says_a_listed_phrase
from chronolect.statistics import wilson
from chronolect.timeline import Cutoff

LABELLED = Path(__file__).parents[1] / "tests" / "data" / "grading"
VERDICTS = get_args(Verdict)
DECLINING = ("abstained", "era_native")


def load(part: str) -> list[dict[str, Any]]:
    """The labelled answers of a part."""
    return [json.loads(line) for line in (LABELLED / f"{part}.jsonl").read_text(encoding="utf-8").splitlines()]


def judge(row: dict[str, Any]) -> str:
    """The grader's verdict on a labelled answer."""
    cutoff = Cutoff.parse(row["cutoff"])
    return grade(row["response"], question=row["question"], answers=row["answers"], cutoff=cutoff).verdict


def share(right: int, n: int) -> str:
    """A share with its interval, in one line."""
    found = wilson(right, n)
    return f"{found.rate:.3f} [{found.low:.3f}, {found.high:.3f}] (n = {n})"


def table(counts: Counter[tuple[str, str]], columns: tuple[str, ...]) -> str:
    """What was labelled as what (rows), and judged as what (columns)."""
    lines = [" " * 12 + "".join(f"{column:>12}" for column in columns)]
    lines += [f"{given:<12}" + "".join(f"{counts[given, column]:>12}" for column in columns) for given in VERDICTS]
    return "\n".join(lines)


def report(name: str, rows: list[dict[str, Any]]) -> None:
    """Print what the grader and the rule of phrases make of some answers."""
    graded = Counter((row["verdict"], judge(row)) for row in rows)
    phrases = Counter(
        (row["verdict"], "declines" if says_a_listed_phrase(row["response"]) else "answers") for row in rows
    )
    declining = [row["verdict"] in DECLINING for row in rows]
    print(f"{name}: verdict as by hand {share(sum(graded[v, v] for v in VERDICTS), len(rows))}")
    print(table(graded, VERDICTS))
    both = sum(count for (given, found), count in graded.items() if (given in DECLINING) == (found in DECLINING))
    old = sum(count for (given, found), count in phrases.items() if (given in DECLINING) == (found == "declines"))
    print(
        f"declines or not, as by hand: by content {share(both, len(declining))}, by phrases {share(old, len(declining))}"
    )
    print(table(phrases, ("declines", "answers")), end="\n\n")


if __name__ == "__main__":
    for part in ("dev", "test", "fresh"):
        report(part, load(part))
