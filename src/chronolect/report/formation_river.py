"""The river of births and deaths: features by the time of their birth, stacked over the checkpoints, each band to be chosen."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from markupsafe import Markup, escape

from chronolect.report.formation_charts import StepAxis, step_axis
from chronolect.report.formats import NOTHING, number
from chronolect.report.page import Column, Picture, River, RiverRow, Table
from chronolect.report.plots import NARROW, WIDE, nice_ticks

SHADES = 10
_LISTED = 15  # features of a cohort in the list
_LEFT, _RIGHT, _TOP, _BOTTOM = 48, 14, 26, 44  # pixels around the drawing


@dataclass(frozen=True)
class Cohort:
    """Features born at the same checkpoint.

    Attributes:
        place: Index of that checkpoint; -1 of those that were there from the first.
        name: In words.
        alive: How many are there at each checkpoint.
        events: The features, those that fire most first.
    """

    place: int
    name: str
    alive: Sequence[int]
    events: Sequence[Mapping[str, Any]]


def cohorts(metrics: Mapping[str, Any]) -> list[Cohort]:
    """The events of `chrono_metrics` by birth, in order of time; features never born are left out."""
    steps = metrics["steps"]
    found: dict[int, list[Mapping[str, Any]]] = {}
    for event in metrics["feature_birth_events"]:
        if event["birth_step_hi"] is not None:
            found.setdefault(-1 if event["initial"] else steps.index(event["birth_step_hi"]), []).append(event)
    return [
        Cohort(
            place,
            f"there from step {number(steps[0])}"
            if place < 0
            else f"step {number(found[place][0]['birth_step_lo'])} to {number(steps[place])}",
            [sum(_there(event, step) for event in found[place]) for step in steps],
            sorted(found[place], key=lambda event: -event["firings"]),
        )
        for place in sorted(found)
    ]


def shade(place: int, count: int) -> int:
    """The colour of a birth at checkpoint `place` of `count`: 0 the earliest, 9 the latest."""
    return round((SHADES - 1) * max(0, place) / max(1, count - 1))


def river_block(metrics: Mapping[str, Any], links: Mapping[tuple[int, int, int], str], key: str) -> River | None:
    """The river and the list of its features; None where no feature was born.

    Args:
        metrics: `chrono_metrics` of a report.
        links: Ids of the cards by seed, reference step and number of the feature.
        key: Part of the ids.
    """
    found, steps = cohorts(metrics), metrics["steps"]
    if not found:
        return None
    turnover = metrics["turnover"]
    picture = Picture(
        title="The river of births and deaths",
        svgs=[
            _draw(found, turnover, steps, size, f"river-{key}-{variant}", variant)
            for size, variant in ((WIDE, "wide"), (NARROW, "narrow"))
        ],
        caption="Each band is the features born between two checkpoints, as wide as there are of them; early births "
        "are blue, late ones orange. Below the line: features gone since the checkpoint before. Choose a band, by pointer or keyboard "
        "(arrows, Enter, Escape), to list its features.",
        table=Table(
            "Alive, born and gone by step",
            [Column("Step"), Column("Alive"), Column("Born"), Column("Gone")],
            [
                [number(step), *(number(turnover[name][place]) for name in ("alive", "born", "died"))]
                for place, step in enumerate(turnover["steps"])
            ],
            hide_caption=True,
        ),
    )
    columns = [
        Column("Feature", False), Column("Born", False), Column("Gone", False), Column("Seeds"), Column("Firings"),
        Column("Presence by checkpoint", False),
    ]  # fmt: skip
    rows = [
        RiverRow(number_, _row(event, steps), links.get((event["seed"], event["reference_step"], event["feature"]), ""))
        for number_, cohort in enumerate(found)
        for event in _listed(cohort, links)
    ]
    counts = [len(cohort.events) for cohort in found]
    return River(f"river-{key}", picture, [cohort.name for cohort in found], counts, columns, rows)


def _there(event: Mapping[str, Any], step: int) -> bool:
    return event["birth_step_hi"] <= step and (event["death_step_hi"] is None or step < event["death_step_hi"])


def _listed(cohort: Cohort, links: Mapping[tuple[int, int, int], str]) -> list[Mapping[str, Any]]:
    """Those with a card, and those that fire most."""
    carded = [e for e in cohort.events if (e["seed"], e["reference_step"], e["feature"]) in links]
    rest = [event for event in cohort.events if event not in carded]
    return [*carded, *rest[: max(0, _LISTED - len(carded))]]


def _row(event: Mapping[str, Any], steps: Sequence[int]) -> list[str]:
    born = (
        f"there from step {number(steps[0])}"
        if event["initial"]
        else f"{number(event['birth_step_lo'])} to {number(event['birth_step_hi'])}"
    )
    died = event["death_step_hi"]
    return [
        f"{event['feature']} of seed {event['seed']}",
        born,
        NOTHING if died is None else f"{number(event['death_step_lo'])} to {number(died)}",
        number(event["found_in"]),
        number(event["firings"]),
        " ".join(f"{value:.1f}".removeprefix("0") for value in event["presence"]),
    ]


def _draw(
    found: Sequence[Cohort],
    turnover: Mapping[str, Any],
    steps: Sequence[int],
    size: tuple[int, int],
    name: str,
    variant: str,
) -> Markup:
    width, height = size
    axis = step_axis(steps)
    most = max(sum(cohort.alive[place] for cohort in found) for place in range(len(steps)))
    gone = max(turnover["died"])
    low, high = axis.place(min(steps)), axis.place(max(steps))

    def x(step: float) -> float:
        return round(_LEFT + (axis.place(step) - low) / ((high - low) or 1.0) * (width - _LEFT - _RIGHT), 1)

    def y(count: float) -> float:
        return round(_TOP + (most - count) / (most + gone) * (height - _TOP - _BOTTOM), 1)

    total = sum(len(cohort.events) for cohort in found)
    described = (
        f"{number(total)} features: "
        + "; ".join(f"born {cohort.name}: {number(len(cohort.events))}" for cohort in found)
        + "."
    )
    parts = [
        f'<svg class="chart flow {variant}" viewBox="0 0 {width} {height}" role="group" aria-labelledby="{name}-t {name}-d">',
        f'<title id="{name}-t">Features by birth</title><desc id="{name}-d">{escape(described)}</desc>',
        *_frame(steps, axis, x, y, (-gone, most), size),
        *_bands(found, steps, x, y),
        *_deaths(turnover, x, y),
        f'<line class="base" x1="{_LEFT}" x2="{width - _RIGHT}" y1="{y(0)}" y2="{y(0)}"/>',
        "</svg>",
    ]
    return Markup("".join(parts))


def _frame(
    steps: Sequence[int], axis: StepAxis, x: Any, y: Any, span: tuple[int, int], size: tuple[int, int]
) -> list[str]:
    width, height = size
    parts = ['<text class="axis-name" x="0" y="12">features</text>']
    for tick in nice_ticks(*span, 6, whole=True):
        if span[0] <= tick <= span[1]:
            parts.append(f'<line class="grid" x1="{_LEFT}" x2="{width - _RIGHT}" y1="{y(tick)}" y2="{y(tick)}"/>')
            parts.append(
                f'<text class="tick" x="{_LEFT - 8}" y="{y(tick) + 4:.1f}" text-anchor="end">{number(abs(int(tick)))}</text>'
            )
    shown = [step for step in steps if axis.place(step) in (axis.axis.ticks or ())]
    for step in shown[:: 1 if width > 500 else 2]:
        anchor = "end" if step == steps[-1] else "middle"
        parts.append(
            f'<text class="tick" x="{x(step)}" y="{height - _BOTTOM + 19}" text-anchor="{anchor}">{escape(axis.axis.format(axis.place(step)))}</text>'
        )
    parts.append(
        f'<text class="axis-name" x="{width - _RIGHT}" y="{height - 4}" text-anchor="end">{escape(axis.axis.label)}</text>'
    )
    return parts


def _bands(found: Sequence[Cohort], steps: Sequence[int], x: Any, y: Any) -> list[str]:
    """One polygon for each cohort, on those born before it; the focus goes through them in order of time."""
    base = [0] * len(steps)
    parts = []
    for number_, cohort in enumerate(found):
        first = max(0, cohort.place - 1)
        top = [low + alive for low, alive in zip(base, cohort.alive, strict=True)]
        upper = [f"{x(step)},{y(top[place])}" for place, step in enumerate(steps) if place >= first]
        lower = [f"{x(step)},{y(base[place])}" for place, step in reversed(list(enumerate(steps))) if place >= first]
        born = cohort.name if cohort.place < 0 else f"born between {cohort.name.replace(' to ', ' and ')}"
        said = f"{number(len(cohort.events))} features {born}, {number(cohort.alive[-1])} at the last checkpoint"
        parts.append(
            f'<g class="cohort" tabindex="0" role="button" aria-pressed="false" aria-label="{escape(said)}" data-cohort="{number_}">'
            f'<polygon class="area k{shade(cohort.place, len(steps))}" points="{" ".join(upper + lower)}"><title>{escape(said)}</title></polygon></g>'
        )
        base = top
    return parts


def _deaths(turnover: Mapping[str, Any], x: Any, y: Any) -> list[str]:
    return [
        f'<rect class="died" x="{x(step) - 4:.1f}" width="8" y="{y(0)}" height="{y(-died) - y(0):.1f}">'
        f"<title>{number(died)} gone by step {number(step)}</title></rect>"
        for step, died in zip(turnover["steps"], turnover["died"], strict=True)
        if died
    ]
