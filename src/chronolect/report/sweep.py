"""The page of a sweep: what each point forgets against what it keeps, and the numbers."""

from collections.abc import Mapping
from typing import Any

from chronolect.evaluation.unlearning.recall import KEPT
from chronolect.report.formats import duration, estimate, number
from chronolect.report.front import Outcome, pareto_chart
from chronolect.report.page import Column, Page, Section, Table, Verdict, Words, render

_COLORS = {"start": "muted", "points": "locked", "chosen": "third"}


def sweep_page(result: Mapping[str, Any]) -> str:
    """One self-contained HTML page from the result of a sweep.

    Args:
        result: `points` (each with name, settings, forget, keep, forget_before, keep_before, steps, seconds), `front`, `chosen` and `size`.
    """
    points = result["points"]
    first = points[0]
    start = Outcome("start", first["forget_before"], first["keep_before"], group="start", competes=False)
    outcomes = [start]
    for point in points:
        group = "chosen" if point["name"] == result["chosen"] else "points"
        outcomes.append(Outcome(point["name"], point["forget"], point["keep"], group=group))
    least = first["keep_before"]["accuracy"] - KEPT
    chart = pareto_chart(outcomes, colors=_COLORS, chance=first["forget"]["chance"], least_kept=least)
    table = Table(
        "All points",
        [Column("Point", False), *map(Column, ("After the cutoff [95 %]", "Before it [95 %]", "Steps", "Time"))],
        [
            [
                point["name"],
                _rate(point["forget"]),
                _rate(point["keep"]),
                number(point["steps"], 0),
                duration(point["seconds"]),
            ]
            for point in points
        ],
    )
    note = Words(
        "The questions that judge the points also choose among them, so the chosen point's own figures are a little flattered: ask it others, "
        "with eval unlearning or eval horizon, and again in the file to be shipped.",
        "note",
    )
    total = duration(sum(point["seconds"] for point in points))
    section = Section(
        "points",
        "Forgetting and keeping",
        "How often the true answer is still preferred to three plausible wrong ones, in the validation files.",
        [chart, table, note],
    )
    page = Page(
        name="Sweep",
        eyebrow=f"{result['size']} points, {total} of training",
        title=f"Chosen: {result['chosen']}",
        lede="The point that has least left of what was to be forgotten among those that lose at most five points of the rest.",
        sections=[section],
        verdicts=[Verdict("note", f"On the front: {', '.join(result['front'])}.")],
    )
    return render(page)


def _rate(block: Mapping[str, Any]) -> str:
    return f"{estimate(block['accuracy'], block['low'], block['high'])} of {number(block['n'], 0)}"
