"""Forgetting against keeping: a chart of models, or of the points of a sweep, with the front that none of them beats."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from math import ceil, floor
from typing import Any

from chronolect.evaluation.unlearning.front import pareto_front
from chronolect.report.findings import share
from chronolect.report.formats import estimate, number
from chronolect.report.page import Column, Figure, LegendEntry, Table
from chronolect.report.plots import Axis, Chart, Point, Rule, Series


@dataclass(frozen=True)
class Outcome:
    """What one model remembers and keeps.

    Attributes:
        name: The model's name.
        forget: Accuracy on what was to be forgotten, with `low`, `high` and `n`: the lower the better, down to chance.
        keep: Accuracy on what was to be kept.
        group: Which models share a colour, as the legend calls them.
        competes: Whether it can be on the front; a start model or a reference stands beside it.
        labelled: Whether its name stands beside its dot; the pointer tells it in any case.
    """

    name: str
    forget: Mapping[str, Any]
    keep: Mapping[str, Any]
    group: str = "models"
    competes: bool = True
    labelled: bool = True


def front_of(outcomes: Sequence[Outcome]) -> list[Outcome]:
    """The outcomes that no other beats, from the most forgotten to the most kept."""
    rivals = [outcome for outcome in outcomes if outcome.competes]
    places = pareto_front([(outcome.forget["accuracy"], outcome.keep["accuracy"]) for outcome in rivals])
    return [rivals[place] for place in places]


def pareto_chart(
    outcomes: Sequence[Outcome],
    *,
    colors: Mapping[str, str],
    chance: float = 0.25,
    least_kept: float | None = None,
    id: str = "front",
) -> Figure:
    """Forgetting against keeping, each with its 95 % interval, the front as a dashed line, and the numbers as a table.

    Args:
        outcomes: What to show.
        colors: Colour of each group.
        chance: Accuracy of one who knows nothing.
        least_kept: Accuracy below which too much was lost, drawn as a line.
        id: Name of the chart in the page.
    """
    front = front_of(outcomes)
    on_front = {outcome.name for outcome in front}
    series = [
        Series(group, [_dot(outcome) for outcome in outcomes if outcome.group == group], color, "dots")
        for group, color in colors.items()
    ]
    if len(front) > 1:
        series.insert(0, Series("front", _steps(front), "muted", "dashed"))
    rules = [Rule("x", chance, "chance", style="dashed")]
    if least_kept is not None:
        rules.append(Rule("y", least_kept, "five points below the start", style="dashed"))
    reach = [outcome.forget[end] for outcome in outcomes for end in ("low", "high")]
    chart = Chart(
        id=id,
        title="Forgetting against keeping",
        description=f"What each remembers of what was to be forgotten, to the left the less, and what it keeps of the rest, above the more. "
        f"On the front: {', '.join(outcome.name for outcome in front) or 'none'}.",
        x=Axis(
            "still known of what came after the cutoff",
            low=floor(10 * min(reach, default=0.0)) / 10,
            high=ceil(10 * max(reach, default=1.0)) / 10,
            format=_short,
        ),
        y=Axis("right on what came before it", format=_short),
        series=series,
        rules=rules,
    )
    table = Table(
        "Forgetting and keeping",
        [
            Column("Model", False),
            Column("After the cutoff [95 %]"),
            Column("Before it [95 %]"),
            Column("On the front", False),
        ],
        [
            [outcome.name, _cell(outcome.forget), _cell(outcome.keep), "yes" if outcome.name in on_front else ""]
            for outcome in outcomes
        ],
        hide_caption=True,
    )
    caption = "Up and to the left is better, as far as chance; further left a model avoids the right answer, which it must know for that."
    legend = [
        LegendEntry(group, color, "bars") for group, color in colors.items() if any(o.group == group for o in outcomes)
    ]
    if len(front) > 1:
        legend.append(LegendEntry("front: none forgets more and keeps more", "muted", "dashed"))
    return Figure(chart, caption, table, legend)


def _dot(outcome: Outcome) -> Point:
    forget, keep = outcome.forget, outcome.keep
    return Point(
        forget["accuracy"],
        keep["accuracy"],
        keep["low"],
        keep["high"],
        f"{outcome.name}\nafter the cutoff {share(dict(forget))}\nbefore it {share(dict(keep))}",
        x_low=forget["low"],
        x_high=forget["high"],
        label=outcome.name if outcome.labelled else "",
    )


def _steps(front: Sequence[Outcome]) -> list[Point]:
    """The border of what the front beats: along to the next point's x, then up to it."""
    points: list[Point] = []
    for outcome in front:
        x, y = outcome.forget["accuracy"], outcome.keep["accuracy"]
        if points:
            points.append(Point(x, points[-1].y))
        points.append(Point(x, y))
    return points


def _cell(part: Mapping[str, Any]) -> str:
    return f"{estimate(part['accuracy'], part['low'], part['high'])} of {number(part['n'])}"


def _short(value: float) -> str:
    return f"{value:g}"
