"""Charts of features over training: when they are born, whether they are kept, and how well the autoencoders do."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from math import log10
from typing import Any

from chronolect.report.formats import NOTHING, compact, estimate, number
from chronolect.report.page import Column, Figure, Grid, LegendEntry, Table
from chronolect.report.plots import Axis, Chart, Point, Rule, Series, Style

_WIDE_RANGE = 30  # ratio of the last to the first step above 0 from which on steps are drawn by their logarithm
_CLOSE = 0.07  # of the axis: two ticks nearer than that are one too many


@dataclass(frozen=True)
class StepAxis:
    """Steps on an axis: by their logarithm where they span much, with 0 at the left of the first; `place` says where each lies."""

    axis: Axis
    place: Callable[[float], float]


def step_axis(steps: Sequence[int]) -> StepAxis:
    """The axis of these checkpoints."""
    first = min((step for step in steps if step > 0), default=1)
    last = max(*steps, first)
    wide = last / first >= _WIDE_RANGE

    def place(step: float) -> float:
        return log10(1 + step / first) if wide else float(step)

    ticks: list[float] = []
    goals = [0.0, *(m * 10.0**p for p in range(9) for m in (1, 3))] if wide else [last * part / 6 for part in range(7)]
    round_ones = [min(steps, key=lambda step: abs(place(step) - place(goal))) for goal in goals]
    for step in (min(steps), last, *round_ones, *steps):
        if step in steps and all(abs(place(step) - tick) > _CLOSE * place(last) for tick in ticks):
            ticks.append(place(step))
    names = {place(step): compact(step) for step in steps}
    label = "training step (logarithmic)" if wide else "training step"
    axis = Axis(label, place(min(steps)), place(last), lambda value: names.get(value, compact(value)), ticks=ticks)
    return StepAxis(axis, place)


def birth_figure(metrics: Mapping[str, Any], beside: Mapping[str, Mapping[str, Any]], key: str) -> Figure:
    """Share of the last checkpoint's features that are born, the same of what should show none, and of early features what is left.

    Args:
        metrics: `chrono_metrics` of a report.
        beside: `births` of controls, by name.
        key: Part of the chart's id.
    """
    births = metrics["births"]
    steps = step_axis(births["curve"]["steps"])
    lines: list[tuple[str, Mapping[str, Any], str, Style]] = [
        (f"born, of {number(births['n'])} features of the last checkpoint", births["curve"], "locked", "line")
    ]
    forward = births.get("forward")
    if forward and forward["n"]:
        name = f"still there, of {number(forward['n'])} of step {number(forward['reference_step'])}"
        lines.append((name, forward["curve"], "twin", "line"))
    for (name, other), color in zip(beside.items(), ("muted", "third", "fourth", "fifth"), strict=False):
        lines.append((f"{name}: born, of {number(other['n'])}", other["curve"], color, "dashed"))
    series = [Series(name, _points(name, curve, steps), color, style) for name, curve, color, style in lines]
    rules = []
    if births.get("half_birth_step") is not None:
        rules.append(
            Rule(
                "x",
                steps.place(births["half_birth_step"]),
                f"half at {_step(births['half_birth_step'])}",
                style="dashed",
            )
        )
    rows = [
        [
            number(step),
            *(estimate(curve["share"][place], curve["low"][place], curve["high"][place]) for _, curve, _, _ in lines),
        ]
        for place, step in enumerate(births["curve"]["steps"])
    ]
    chart = Chart(
        id=f"births-{key}",
        title="The birth curve",
        description=f"Share of features by training step. {_curve_words(births)}",
        x=steps.axis,
        y=Axis("share of features", low=0.0, high=1.0),
        series=series,
        rules=rules,
    )
    columns = [Column("Step"), *(Column(f"{name} [95 %]") for name, *_ in lines)]
    caption = (
        f"A feature is born at the first checkpoint where something fires as it does (correlation of {births['on']:g} or more, "
        f"for {births['hold']} checkpoints in a row). Between checkpoints nothing is known. Bands are 95 % bootstrap intervals over "
        "features and autoencoder seeds."
    )
    legend = [LegendEntry(name, color, style) for name, _, color, style in lines]
    return Figure(chart, caption, Table("Births by step", columns, rows, hide_caption=True), legend)


def purity_figure(metrics: Mapping[str, Any], key: str) -> Figure:
    """Purity over the checkpoints with what it would be if nothing were the same and if nothing had changed."""
    purity, checkpoints = metrics["purity"], metrics["steps"]
    kept = metrics["turnover"].get("kept", [None] * len(checkpoints))
    steps = step_axis(checkpoints)
    lines: list[tuple[str, Sequence[float | None], str, Style]] = [
        (_RAW, purity["raw"], "locked", "line"),
        (_ceiling_name(purity), purity["ceiling_by_step"], "third", "dashed"),
        (_CALIBRATED, purity["calibrated"], "fourth", "line"),
        ("features kept, of those that seeds found together", kept, "fifth", "line"),
        ("the naive measure: cosine of rows of the same number", purity["same_index_cosine"], "twin", "dashed"),
    ]
    series = []
    for name, values, color, style in lines:
        points = []
        for place, value in enumerate(values):
            gate = purity["gate"][place]
            tip = f"{name}\nstep {number(checkpoints[place])}: {number(value)}" + (
                f", {gate}" if gate != "converged" else ""
            )
            low, high = _BOUNDS.get(name, ("", ""))
            at = steps.place(checkpoints[place])
            points.append(
                Point(at, value, purity[low][place], purity[high][place], tip) if low else Point(at, value, tip=tip)
            )
        if any(value is not None for value in values):
            series.append(Series(name, points, color, style))
    rules = []
    if purity["null"] is not None:
        rules.append(Rule("y", purity["null"], f"nothing the same: {number(purity['null'])}", style="dashed"))
    rows = [
        [
            number(step),
            estimate(purity["raw"][place], purity["low"][place], purity["high"][place]),
            estimate(*(purity[key][place] for key in ("calibrated", "calibrated_low", "calibrated_high"))),
            number(purity["ceiling_by_step"][place]),
            number(kept[place]),
            number(purity["mass_weighted"][place]),
            number(purity["area"][place]),
            number(purity["same_index_cosine"][place]),
            purity["gate"][place],
        ]
        for place, step in enumerate(checkpoints)
    ]
    columns = [
        Column("Step"), Column("Kept [95 %]"), Column("Calibrated [95 %]"), Column("Ceiling"), Column("Features"), Column("By mass"), Column("Area"),
        Column("Same number"), Column("Gate", False),
    ]  # fmt: skip
    known = [value for value in purity["raw"] if value is not None]
    chart = Chart(
        id=f"purity-{key}",
        title="Temporal purity",
        description=f"Share of features kept over {purity['window']} checkpoints, by training step; from {number(known[0])} to {number(known[-1])}."
        if known
        else f"Purity is defined from checkpoint {purity['window'] + 1} on; there are too few.",
        x=steps.axis,
        y=Axis(
            "share kept",
            low=min(0.0, *(value for _, values, _, _ in lines for value in values if value is not None), 0.0),
            high=1.0,
        ),
        series=series,
        rules=rules,
    )
    limits = purity["thresholds"]
    asked = {
        "both": f"fires alike (correlation of {limits['correlation']:g}) and points alike (cosine of {limits['cosine']:g})",
        "functional": f"fires alike (correlation of {limits['correlation']:g})",
        "decoder": f"points alike (cosine of {limits['cosine']:g})",
    }[purity["measure"]]
    caption = (
        f"A latent counts as kept if its partner {asked} at each of the {purity['window']} checkpoints before; before as many have passed, "
        "nothing is said. Calibrated is the raw share between what chance gives and what seeds agree on at one checkpoint. Many latents are of "
        "no feature, so the share of the features kept, of those that seeds found together, stands beside it. The naive measure is drawn for "
        "contrast: it follows the optimiser, not the features."
    )
    legend = [LegendEntry(one.name, one.color, one.style) for one in series]
    return Figure(chart, caption, Table("Purity by step", columns, rows, hide_caption=True), legend)


def sae_blocks(saes: Sequence[Mapping[str, Any]], key: str) -> list[Grid | Table]:
    """Quality of the autoencoders by checkpoint: small charts with one line for each condition and kind, and the base's numbers."""
    groups: dict[str, list[Mapping[str, Any]]] = {}
    for sae in saes:
        groups.setdefault(f"{sae['condition']}-{sae['kind']}", []).append(sae)
    steps = step_axis(sorted({sae["step"] for sae in saes}))
    colors = dict(zip(groups, ("locked", "twin", "third", "fourth", "fifth", *["muted"] * len(groups)), strict=False))
    figures = []
    for measure, (name, unit, low, high) in _MEASURES.items():
        series = [
            Series(group, _means(group, members, measure, steps), colors[group]) for group, members in groups.items()
        ]
        series = [one for one in series if any(point.y is not None for point in one.points)]
        if series:
            ends = " ".join(f"{one.name} ends at {number(one.points[-1].y, 3)}." for one in series)
            chart = Chart(
                f"sae-{measure}-{key}", name, f"{name} by step. {ends}", steps.axis, Axis(unit, low, high), series
            )
            figures.append(Figure(chart, small=True))
    legend = [LegendEntry(group, color) for group, color in colors.items()]
    return [Grid(figures, legend), *(_sae_table(group, members) for group, members in groups.items())]


_RAW, _CALIBRATED = "latents kept (raw)", "latents kept (calibrated)"
_BOUNDS = {_RAW: ("low", "high"), _CALIBRATED: ("calibrated_low", "calibrated_high")}
_MEASURES: dict[str, tuple[str, str, float | None, float | None]] = {
    "explained_variance": ("Explained variance", "share of variance", None, 1.0),
    "l0": ("Active latents", "per token", 0.0, None),
    "dead_share": ("Dead latents", "share", 0.0, None),
    "delta_ce": ("Cost of splicing in", "nats per token", None, None),
}


def _means(group: str, members: Sequence[Mapping[str, Any]], measure: str, steps: StepAxis) -> list[Point]:
    """Mean over seeds at each checkpoint, with the range of the seeds."""
    points = []
    for step in sorted({sae["step"] for sae in members}):
        values = [sae[measure] for sae in members if sae["step"] == step and sae.get(measure) is not None]
        if not values:
            points.append(Point(steps.place(step), None))
            continue
        mean = sum(values) / len(values)
        tip = (
            f"{group}, step {number(step)}\n{number(mean, 3)}; {len(values)} {'seed' if len(values) == 1 else 'seeds'}"
        )
        points.append(Point(steps.place(step), mean, min(values), max(values), tip))
    return points


def _sae_table(group: str, members: Sequence[Mapping[str, Any]]) -> Table:
    def cell(at: Sequence[Mapping[str, Any]], measure: str, digits: int) -> str:
        values = [float(sae[measure]) for sae in at if sae.get(measure) is not None]
        if not values:
            return NOTHING
        mean, spread = sum(values) / len(values), max(values) - min(values)
        return number(mean, digits) + (f" ± {number(spread / 2, digits)}" if len(values) > 1 else "")

    rows = []
    for step in sorted({sae["step"] for sae in members}):
        at = [sae for sae in members if sae["step"] == step]
        rows.append(
            [
                number(step),
                number(len(at)),
                cell(at, "explained_variance", 3),
                cell(at, "l0", 1),
                cell(at, "dead_share", 3),
                cell(at, "delta_ce", 3),
                cell(at, "kl", 3),
                cell(at, "loss_recovered_zero", 3),
                cell(at, "loss_recovered_mean", 3),
                number(round(sum(sae["tokens_trained"] for sae in at) / len(at))),
            ]
        )
    names = (
        "Step",
        "Seeds",
        "Explained variance",
        "L0",
        "Dead",
        "ΔCE",
        "KL",
        "Recovered, zero",
        "Recovered, mean",
        "Tokens trained",
    )
    title = f"{group}: mean of the seeds ± half their range; nats per token"
    return Table(title, [Column(name) for name in names], rows, folded=f"The numbers of {group}", hide_caption=True)


def _ceiling_name(purity: Mapping[str, Any]) -> str:
    if purity["ceiling_from"] == "seeds at the same checkpoint":
        return "ceiling: what seeds agree on at one checkpoint"
    return "ceiling: the same where nothing changed"


def _points(name: str, curve: Mapping[str, Any], steps: StepAxis) -> list[Point]:
    return [
        Point(steps.place(step), share, low, high, f"{name}\nby step {number(step)}: {estimate(share, low, high)}")
        for step, share, low, high in zip(curve["steps"], curve["share"], curve["low"], curve["high"], strict=True)
    ]


def _curve_words(births: Mapping[str, Any]) -> str:
    steps, shares = births["curve"]["steps"], births["curve"]["share"]
    if shares[0] is None:
        return "There is no feature to follow."
    return f"{shares[0]:.0%} are there at step {number(steps[0])}, {shares[-1]:.0%} by step {number(steps[-1])}."


def _step(value: float) -> str:
    return number(round(value))
