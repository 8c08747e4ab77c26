"""The section on the horizon: accuracy by year, year by year around the cutoff, and a table of all that was asked."""

from collections.abc import Mapping, Sequence
from typing import Any

from chronolect.report.findings import change, comparisons, decimal_year, main_model, share
from chronolect.report.formats import day, estimate, number, year, years
from chronolect.report.page import Block, Column, Figure, LegendEntry, Section, Table, Words
from chronolect.report.plots import Axis, Chart, Point, Rule, Series
from chronolect.statistics import wilson

FEWEST_IN_BIN = 20
AROUND_YEARS = 12


def horizon_section(horizon: dict[str, Any], colors: Mapping[str, str], *, key: str = "") -> Section:
    """Curve, close-up and tables; `key` tells the charts of several horizons apart."""
    shown = [main_model(horizon), *comparisons(horizon)]
    probes = horizon["probes"]
    intro = (
        f"{probes['total']:,} four-choice questions about dated facts. Each option's log-probability is taken relative to other questions "
        "of the same kind, so that a name does not win by being well known. "
        "The curve counts wordings that were kept out of training, of facts that cannot be guessed."
    )
    blocks: list[Block] = [_curve(horizon, shown, colors, key)]
    close_up = _close_up(horizon, shown, colors, key)
    blocks += [close_up] if close_up else []
    blocks += [_table(horizon["models"]), _details(horizon["models"])]
    return Section("horizon", "Where its knowledge ends", intro, blocks)


def merge_bins(
    bins: Sequence[dict[str, Any]], cutoff_year: int, *, fewest: int = FEWEST_IN_BIN
) -> list[dict[str, Any]]:
    """Neighbouring bins put together until they hold `fewest` questions, on each side of the bin with the cutoff's year apart."""
    sides = [
        [part for part in bins if part["last"] < cutoff_year],
        [part for part in bins if part["first"] <= cutoff_year <= part["last"]],
        [part for part in bins if part["first"] > cutoff_year],
    ]
    merged = []
    for side in sides:
        groups: list[list[dict[str, Any]]] = []
        for part in side:
            if groups and sum(one["n"] for one in groups[-1]) < fewest:
                groups[-1].append(part)
            else:
                groups.append([part])
        if len(groups) > 1 and sum(one["n"] for one in groups[-1]) < fewest:
            groups[-2:] = [groups[-2] + groups[-1]]
        merged += [_together(group) for group in groups]
    return merged


def _together(bins: Sequence[dict[str, Any]]) -> dict[str, Any]:
    share = wilson(sum(part["correct"] for part in bins), sum(part["n"] for part in bins)).as_accuracy()
    return {"first": bins[0]["first"], "last": bins[-1]["last"], **share}


def _curve(horizon: dict[str, Any], shown: Sequence[dict[str, Any]], colors: Mapping[str, str], key: str) -> Figure:
    cutoff = decimal_year(horizon["cutoff"])
    series, rows = [], []
    for model in shown:
        bins = merge_bins(model["by_bin"], int(cutoff))
        points = [
            Point(
                (part["first"] + part["last"] + 1) / 2,
                part["accuracy"],
                part["low"],
                part["high"],
                f"{model['name']}, {years(part['first'], part['last'])}\n{share(part)}",
            )
            for part in bins
        ]
        series.append(Series(model["name"], points, colors[model["name"]]))
        rows += [
            [
                model["name"],
                years(part["first"], part["last"]),
                estimate(part["accuracy"], part["low"], part["high"]),
                number(part["n"]),
            ]
            for part in bins
        ]
    rules = [
        Rule("y", _chance(horizon), "chance", color="muted", style="dashed"),
        Rule("x", cutoff, f"cutoff {day(horizon['cutoff'])}", color="ink"),
    ]
    for model in shown[:1]:
        point = model["headline"]["change_point"]
        if point["found"]:
            words = f"{model['name']}: knowledge drops at\n{change(point)}"
            rules.append(Rule("x", point["low"], words, end=point["high"], color=colors[model["name"]]))
    names = " and ".join(f"“{model['name']}”" for model in shown)
    chart = Chart(
        id=f"horizon-curve{key}",
        title="Right answers by the year of the event",
        description=f"Share of right answers of {names} by year, with chance and the cutoff {day(horizon['cutoff'])}. {_in_words(shown)}",
        x=Axis("year of the event", format=year, whole=True),
        y=Axis(
            "share of right answers",
            low=0.0,
            high=1.0,
            format=lambda value: f"{value:.1f}",
            ticks=(0, 0.2, 0.4, 0.6, 0.8, 1),
        ),
        series=series,
        rules=rules,
    )
    caption = f"Bands are 95 % Wilson intervals; neighbouring bins with fewer than {FEWEST_IN_BIN} questions are put together."
    if main_model(horizon)["headline"]["change_point"]["found"]:
        caption += " The narrow upright band is the interval of the change point."
    table = Table(
        "Right answers by year",
        [Column("Model", False), Column("Years", False), Column("Right [95 %]"), Column("n")],
        rows,
        hide_caption=True,
    )
    return Figure(chart, caption, table, [LegendEntry(model["name"], colors[model["name"]]) for model in shown])


def _close_up(
    horizon: dict[str, Any], shown: Sequence[dict[str, Any]], colors: Mapping[str, str], key: str
) -> Figure | None:
    cutoff = decimal_year(horizon["cutoff"])
    first, last = int(cutoff) - AROUND_YEARS, int(cutoff) + AROUND_YEARS
    series, rows = [], []
    for place, model in enumerate(shown):
        shift = 0.5 + 0.22 * (place - (len(shown) - 1) / 2)
        parts = [part for part in model["by_year"] if first <= part["first"] <= last]
        points = [
            Point(
                part["first"] + shift,
                part["accuracy"],
                part["low"],
                part["high"],
                f"{model['name']}, {year(part['first'])}\n{share(part)}",
            )
            for part in parts
        ]
        series.append(Series(model["name"], points, colors[model["name"]], "dots"))
        rows += [
            [
                model["name"],
                year(part["first"]),
                estimate(part["accuracy"], part["low"], part["high"]),
                number(part["n"]),
            ]
            for part in parts
        ]
    if min(len(one.points) for one in series) < 6:
        return None
    chart = Chart(
        id=f"horizon-close-up{key}",
        title="Year by year around the cutoff",
        description=f"Share of right answers for each year from {year(first)} to {year(last)}.",
        x=Axis("year of the event", low=first, high=last + 1, format=year, whole=True),
        y=Axis(
            "share of right answers",
            low=0.0,
            high=1.0,
            format=lambda value: f"{value:.1f}",
            ticks=(0, 0.2, 0.4, 0.6, 0.8, 1),
        ),
        series=series,
        rules=[
            Rule("y", _chance(horizon), "chance", style="dashed"),
            Rule("x", cutoff, f"cutoff {day(horizon['cutoff'])}", color="ink"),
        ],
    )
    table = Table(
        "Right answers around the cutoff",
        [Column("Model", False), Column("Year", False), Column("Right [95 %]"), Column("n")],
        rows,
        hide_caption=True,
    )
    return Figure(
        chart,
        "Single years hold few questions: the bars are 95 % intervals.",
        table,
        [LegendEntry(model["name"], colors[model["name"]]) for model in shown],
    )


def _table(models: Sequence[dict[str, Any]]) -> Table:
    rows = []
    for model in models:
        held_out, seen = model["headline"], model["splits"]["seen"]  # the headline leaves out what can be guessed
        rows.append(
            [
                model["name"],
                "held out",
                *(_cell(held_out[side]) for side in ("before", "after")),
                change(model["change_point"]),
            ]
        )
        rows.append(["", "seen in training", *(_cell(seen[side]) for side in ("before", "after")), ""])
    columns = [
        Column("Model or file", False),
        Column("Wordings", False),
        Column("Before the cutoff"),
        Column("After the cutoff"),
        Column("Change point"),
    ]
    return Table("Every model and file, asked the same: right answers [95 %] of n", columns, rows)


def _details(models: Sequence[dict[str, Any]]) -> Table:
    rows = []
    for model in models:
        splits, scoring = model["splits"], model["by_scoring"]
        rows.append([f"{model['name']}: timeless facts (controls)", _cell(splits["control"]), "", ""])
        rows.append([f"{model['name']}: things that never happened (traps)", _cell(splits["trap"]), "", ""])
        for how, words in (("raw", "raw log-probability"), ("empty", "relative to an empty prompt")):
            rows.append([f"{model['name']}: {words}", "", *(_cell(scoring[how][side]) for side in ("before", "after"))])
        for tag in ("past", "future", "irrelevant"):
            parts = [model["tags"][side] for side in ("before", "after")]
            cells = [
                estimate(part[tag]["rate"], part[tag]["low"], part[tag]["high"]) if part["wrong"] else "–"
                for part in parts
            ]
            rows.append([f"{model['name']}: wrong picks that are {tag}", "", *cells])
    columns = [Column("What", False), Column("All"), Column("Before"), Column("After")]
    return Table(
        "Controls, traps, other scorings, wrong picks",
        columns,
        rows,
        folded="Controls, traps, other ways of scoring, and which wrong options were picked",
        hide_caption=True,
    )


def horizon_limits(horizon: dict[str, Any]) -> Words:
    """What the questions do not cover, in their numbers."""
    left = main_model(horizon)["left_out"]
    return Words(
        f"Of the held-out questions, {left['guess_high']:,} that could be guessed without knowing, {left['straddling']:,} whose date lies "
        f"across the cutoff and {left['undated']:,} without a date are not counted in the curve. "
        f"Scored: {horizon['scoring']}; seed {horizon['seed']}.",
        "note",
    )


def _cell(part: dict[str, Any]) -> str:
    return f"{estimate(part['accuracy'], part['low'], part['high'])} of {part['n']:,}" if part["n"] else "–"


def _chance(horizon: dict[str, Any]) -> float:
    headline = main_model(horizon)["headline"]
    return float(headline["after"]["chance"] if headline["after"]["n"] else headline["before"]["chance"])


def _in_words(models: Sequence[dict[str, Any]]) -> str:
    return " ".join(
        f"{model['name']}: before the cutoff {share(model['headline']['before'])}; after it {share(model['headline']['after'])}."
        for model in models
    )
