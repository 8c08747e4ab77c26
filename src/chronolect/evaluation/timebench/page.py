"""The page of the benchmark: scores by category, tokens and think blocks, and what goes wrong, with intervals for each model."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from chronolect.evaluation.timebench.compare import SCORE
from chronolect.evaluation.timebench.results import METRICS, Estimate, Results, Row, write_p
from chronolect.evaluation.timebench.structure import POSITIONS
from chronolect.report.formats import compact, estimate, number
from chronolect.report.page import (
    Block,
    Card,
    CardRow,
    Column,
    Figure,
    LegendEntry,
    Page,
    Section,
    Table,
    Verdict,
    Words,
    render,
)
from chronolect.report.plots import Axis, Chart, Point, Series, interval

Value = Callable[[Results], Estimate | None]  # what a line of a chart shows of a model

_COLORS = ("muted", "twin", "locked", "third", "fourth", "fifth")
_SPREAD = 0.5  # of the distance between two rows, for the models within one
_TOKENS = {"mean_output_length": "Whole reply", "mean_total_reasoning_tokens": "Think blocks"}
_HABITS = tuple(metric for metric in METRICS if metric.startswith("percentage"))
_PLACES = dict(zip(POSITIONS, ("At the beginning", "In between", "At the end"), strict=True))


def benchmark_page(
    models: Sequence[Results], rows: Sequence[Row], tests: Mapping[str, Mapping[str, Any]], compared: str = ""
) -> str:
    """One self-contained HTML page.

    Args:
        models: Results of the models, in the order of the table.
        rows: Rows of the table.
        tests: Comparison of two of them by metric; empty without one.
        compared: The two, for people.
    """
    sections = [
        _scores(models),
        _thinking(models),
        _habits(models),
        _comparison(tests, compared),
        _everything(models, rows),
    ]
    page = Page(
        name="TIMEBench",
        eyebrow="TIMEBench",
        title=", ".join(model.name for model in models),
        lede="How well replies fit the time at which they are given: mean over scenarios of the share of replies that do what the "
        "scenario asks for.",
        sections=[section for section in sections if section is not None],
        cards=[
            _card(model, color, models[0]) for model, color in zip(models, _colors(models), strict=True) if model.score
        ],
        verdicts=[Verdict("note", text) for text in _findings(models, tests, compared)],
    )
    return render(page)


def _colors(models: Sequence[Results]) -> list[str]:
    return [_COLORS[place % len(_COLORS)] for place in range(len(models))]


def _card(model: Results, color: str, first: Results) -> Card:
    """A model at a glance; the mark on its scale is the first one's score."""
    score = model.score
    assert score is not None
    low, high = score.low / 100, score.high / 100
    words = f"{score.mean:.2f} %, 95 % interval {score.low:.2f} to {score.high:.2f}"
    mark = (first.score or score).mean / 100
    scale = interval(score.mean / 100, low, high, reference=mark, color=color, label=words)
    rows = [
        CardRow("Score", number(score.mean, 1), f"95 % {score.low:.1f}–{score.high:.1f}, n = {model.scenarios}", scale)
    ]
    for metric, title in _TOKENS.items():
        if metric in model.metrics:
            found = model.metrics[metric]
            rows.append(CardRow(f"{title}, tokens", number(found.mean, 0), f"95 % {found.low:,.0f}–{found.high:,.0f}"))
    return Card(model.name, f"the mark is the score of {first.name}" if model is not first else "", color, rows)


def _findings(models: Sequence[Results], tests: Mapping[str, Mapping[str, Any]], compared: str) -> list[str]:
    """Where the best and the worst category of each model lie, and whether the scores of two of them differ."""
    found = []
    for model in models:
        if len(model.categories) > 1:
            best = max(model.categories, key=lambda name: model.categories[name].mean)
            worst = min(model.categories, key=lambda name: model.categories[name].mean)
            found.append(
                f"{model.name}: best in {best} ({model.categories[best].mean:.1f} %), "
                f"worst in {worst} ({model.categories[worst].mean:.1f} %)."
            )
    if SCORE in tests:
        found.append(
            f"{compared}, paired by scenario: Wilcoxon's p of the score is {write_p(tests[SCORE]['p_value'])}."
        )
    return found


def _scores(models: Sequence[Results]) -> Section | None:
    categories = sorted({name for model in models for name in model.categories})
    if not categories:
        return None

    def of_category(name: str) -> Value:
        return lambda model: model.categories.get(name)

    rows: dict[str, Value] = {"Overall": lambda model: model.score, **{name: of_category(name) for name in categories}}
    figure = _figure("scores", "Score by category", models, rows, Axis("score in percent", low=0, high=100))
    return Section(
        "scores", "Scores", "Each dot is a model; the bar is its 95 % bootstrap interval over scenarios.", [figure]
    )


def _thinking(models: Sequence[Results]) -> Section | None:
    if not any(model.metrics for model in models):
        return None

    def of_place(name: str) -> Value:
        def share(model: Results) -> Estimate | None:
            found = model.positions.get(name)
            return None if found is None else Estimate(found, found, found)

        return share

    lengths = {title: _metric(metric) for metric, title in _TOKENS.items()}
    number_of_blocks = {"Think blocks": _metric("mean_number_of_think_blocks")}
    blocks: list[Block] = [
        _figure("tokens", "Tokens of a reply", models, lengths, Axis("tokens, mean", low=0, format=compact)),
        _figure("blocks", "Think blocks in a reply", models, number_of_blocks, Axis("blocks, mean", low=0)),
    ]
    if any(model.positions for model in models):
        places = {title: of_place(name) for name, title in _PLACES.items()}
        blocks += [
            _figure("positions", "Where the blocks stand", models, places, Axis("percent of blocks", low=0, high=100)),
            Words(
                "Counted over the blocks of all replies, so that one reply with hundreds of them weighs as much as hundreds.",
                "note",
            ),
        ]
    intro = "How long replies are, how much of them is thought, and where in the reply the thoughts stand."
    return Section("thinking", "Thinking", intro, blocks)


def _habits(models: Sequence[Results]) -> Section | None:
    if not any(model.metrics for model in models):
        return None
    rows = {METRICS[metric].removeprefix("Percentage with "): _metric(metric) for metric in _HABITS}
    figure = _figure("habits", "Markup and breakdowns", models, rows, Axis("percent of replies", low=0, high=100))
    intro = (
        "Degenerate is a reply with tags that do not match, endless repetition, talk about the user outside of think blocks, "
        "or lists and headings inside of them."
    )
    return Section("habits", "Form", intro, [figure])


def _metric(name: str) -> Value:
    return lambda model: model.metrics.get(name)


def _comparison(tests: Mapping[str, Mapping[str, Any]], compared: str) -> Section | None:
    if not tests:
        return None
    heads = ("W", "p", "p after Holm", "Rank-biserial [95 %]", "Shift [95 %]")
    rows = []
    for metric, block in tests.items():
        holm = block.get("p_value_holm")
        rows.append(
            [
                METRICS.get(metric, "Benchmark Score, 0 to 1"),
                f"{block['wilcoxon_statistic']:g}",
                write_p(block["p_value"]),
                write_p(holm) if holm is not None else number(None),
                estimate(block.get("rank_biserial"), *block.get("rank_biserial_interval_95") or (None, None)),
                estimate(
                    block.get("hodges_lehmann_shift"), *block.get("hodges_lehmann_shift_interval_95") or (None, None)
                ),
            ]
        )
    table = Table(
        "Wilcoxon's signed-rank test, paired by scenario", [Column("Metric", False), *map(Column, heads)], rows
    )
    intro = f"{compared}, scenario by scenario; a shift above zero means that the second has more."
    return Section("comparison", "Comparison", intro, [table])


def _everything(models: Sequence[Results], rows: Sequence[Row]) -> Section:
    heads = [Column("Statistic", False), *(Column(model.name) for model in models), Column("p (Wilcoxon)")]
    body = [
        [
            row.title,
            *(str(value) if value else number(None) for value in row.values),
            write_p(row.p_value) if row.p_value is not None else number(None),
        ]
        for row in rows
    ]
    intro = "Means over scenarios with 95 % bootstrap intervals."
    return Section("table", "All numbers", intro, [Table("All numbers", heads, body, hide_caption=True)])


def _figure(id: str, title: str, models: Sequence[Results], values: Mapping[str, Value], x: Axis) -> Figure:
    """A line for each value with a dot for each model, from the top down in the order given, and the numbers as a table."""
    rows = list(values)
    found = [[value(model) for value in values.values()] for model in models]
    step = _SPREAD / max(1, len(models) - 1)
    series = []
    for place, (model, color) in enumerate(zip(models, _colors(models), strict=True)):
        points = []
        for line, estimated in enumerate(found[place]):
            if estimated is not None:
                y = len(rows) - 1 - line + (_SPREAD / 2 - place * step if len(models) > 1 else 0.0)
                tip = f"{model.name}\n{rows[line]}: {_words(estimated)}"
                points.append(Point(estimated.mean, y, tip=tip, x_low=estimated.low, x_high=estimated.high))
        series.append(Series(model.name, points, color, "dots"))
    chart = Chart(
        id=id,
        title=title,
        description="; ".join(
            f"{model.name}: "
            + ", ".join(f"{row} {number(cell.mean)}" for row, cell in zip(rows, cells, strict=True) if cell is not None)
            for model, cells in zip(models, found, strict=True)
        ),
        x=x,
        y=Axis(
            "",
            low=-0.6,
            high=len(rows) - 0.4,
            ticks=list(range(len(rows))),
            format=lambda place: rows[len(rows) - 1 - round(place)],
        ),
        series=series,
    )
    table = Table(
        title,
        [Column(title, False), *(Column(model.name) for model in models)],
        [[row, *(_words(cells[line]) for cells in found)] for line, row in enumerate(rows)],
        hide_caption=True,
    )
    legend = [LegendEntry(model.name, color, "bars") for model, color in zip(models, _colors(models), strict=True)]
    return Figure(chart, table=table, legend=legend)


def _words(found: Estimate | None) -> str:
    if found is None:
        return number(None)
    return number(found.mean) if found.low == found.high == found.mean else estimate(found.mean, found.low, found.high)
