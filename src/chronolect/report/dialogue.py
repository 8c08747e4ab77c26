"""The page of `eval dialogue`: how many replies are right, by kind and model, what changed from model to model, and some replies."""

from collections.abc import Mapping, Sequence
from typing import Any

from chronolect.dialogue.messages import Conversation
from chronolect.evaluation.dialogue.scores import Judged
from chronolect.report.formats import NOTHING, estimate, number
from chronolect.report.page import (
    Block,
    Column,
    Figure,
    Grid,
    LegendEntry,
    Page,
    Sample,
    Samples,
    Section,
    Table,
    Text,
    Verdict,
    Words,
)
from chronolect.report.plots import Axis, Chart, Point, Rule, Series

COLORS = ("muted", "locked", "twin", "third", "fourth", "fifth")
WORDINGS = {"seen": ("wordings that training used", "locked"), "unseen": ("wordings kept out of training", "twin")}
_PER_KIND = 1  # dialogues shown with everybody's replies
_SHARES = (0, 0.25, 0.5, 0.75, 1)


def dialogue_page(results: Mapping[str, Any], replies: Mapping[str, Sequence[Judged]], *, name: str) -> Page:
    """The page of an evaluation.

    Args:
        results: What `dialogue.json` holds.
        replies: What each model said, judged.
        name: Of the run.
    """
    models: Sequence[Mapping[str, Any]] = results["models"]
    best = max(models, key=lambda model: model["all"]["accuracy"] or 0)
    total, kinds = results["tests"]["total"], results["tests"]["by_kind"]
    return Page(
        name=name,
        eyebrow="Dialogue time",
        title=f"{best['name']}: {_percent(best['all']['accuracy'])} of {total:,} held-out dialogues answered rightly",
        lede=f"Each of {total:,} dialogues of {len(kinds)} kinds ends where the model is to say something, or nothing. What is right "
        "was computed when the dialogue was made, and a rule judges what people see of the reply.",
        verdicts=[_verdict(one) for one in results["comparisons"] if one["follows"]],
        sections=[
            _rates_section(results),
            _changes_section(results["comparisons"]),
            Section(
                "replies",
                "In their own words",
                "The first dialogues of each kind with what every model said, think blocks included.",
                [Samples(_samples(replies))],
            ),
        ],
    )


def _rates_section(results: Mapping[str, Any]) -> Section:
    models, kinds = results["models"], list(results["tests"]["by_kind"])
    numbered = ", ".join(f"{place} {model['name']}" for place, model in enumerate(models, 1))
    blocks: list[Block] = [_overall(models)]
    figures = [_kind_figure(kind, models, results["fixed_replies"][kind]) for kind in kinds]
    blocks += [
        Words("By kind", "heading"),
        Words(
            f"Left to right: {numbered}. The dashed line is the best that one and the same reply does on all dialogues of the kind.",
            "note",
        ),
        Grid(figures, [LegendEntry(words, color, "bars") for words, color in WORDINGS.values()]),
        _rates_table(results),
        _wanted_table(models),
    ]
    if any(model["silence"]["kept"]["n"] for model in models):
        blocks.append(_silence_table(models))
    return Section("rates", "Right replies", "Every share with its 95 % Wilson interval.", blocks)


def _overall(models: Sequence[Mapping[str, Any]]) -> Figure:
    points = [
        Point(
            place,
            model["all"]["accuracy"],
            model["all"]["low"],
            model["all"]["high"],
            f"{model['name']}\n{_cell(model['all'])}",
            label=model["name"],
        )
        for place, model in enumerate(models, 1)
    ]
    chart = Chart(
        id="dialogue-all",
        title="All kinds together",
        description="; ".join(f"{model['name']}: {_cell(model['all'])}" for model in models),
        x=_models_axis(models),
        y=Axis("share of right replies", low=0.0, high=1.0, ticks=_SHARES),
        series=[Series("all", points, "locked", "dots")],
    )
    return Figure(chart, "In the order in which the models were given.")


def _kind_figure(kind: str, models: Sequence[Mapping[str, Any]], fixed: Mapping[str, Any]) -> Figure:
    series = []
    for shift, (wording, (words, color)) in zip((-0.12, 0.12), WORDINGS.items(), strict=True):
        parts = [model["by_kind"].get(kind, {}).get("by_wording", {}).get(wording) for model in models]
        points = [
            Point(
                place + shift,
                part["accuracy"],
                part["low"],
                part["high"],
                f"{model['name']}, {words}\n{_cell(part)}",
            )
            for place, (model, part) in enumerate(zip(models, parts, strict=True), 1)
            if part
        ]
        series.append(Series(words, points, color, "dots"))
    chart = Chart(
        id=f"dialogue-{kind}",
        title=kind,
        description="; ".join(f"{model['name']}: {_cell(model['by_kind'].get(kind))}" for model in models),
        x=_models_axis(models),
        y=Axis("right", low=0.0, high=1.0, ticks=_SHARES),
        series=series,
        rules=[Rule("y", fixed["accuracy"], style="dashed")],
    )
    return Figure(chart, small=True)


def _models_axis(models: Sequence[Mapping[str, Any]]) -> Axis:
    return Axis("model", low=0.5, high=len(models) + 0.5, whole=True, ticks=range(1, len(models) + 1))


def _rates_table(results: Mapping[str, Any]) -> Table:
    rows = []
    for model in results["models"]:
        rows.append([model["name"], "all", _cell(model["all"]), *_wordings(model), ""])
        for kind in results["tests"]["by_kind"]:
            part = model["by_kind"].get(kind, {})
            fixed = _percent(results["fixed_replies"][kind]["accuracy"])
            rows.append(["", kind, _cell(part), *_wordings(part), fixed])
    columns = [
        Column("Model", False),
        Column("Kind", False),
        Column("Right [95 %]"),
        Column("Seen wordings"),
        Column("Unseen wordings"),
        Column("One reply for all"),
    ]
    return Table("Right replies by kind", columns, rows, folded="All numbers", hide_caption=True)


def _silence_table(models: Sequence[Mapping[str, Any]]) -> Table:
    rows = [
        [
            model["name"],
            *(_cell(model["silence"][which]) for which in ("kept", "spoke")),
            number(model["silence"]["balanced"]),
        ]
        for model in models
    ]
    columns = [
        Column("Model", False),
        Column("Silent where it should be"),
        Column("Spoke where it should"),
        Column("Mean"),
    ]
    return Table("Ticks: silence and speech [95 %]", columns, rows)


def _wanted_table(models: Sequence[Mapping[str, Any]]) -> Table:
    """Kinds in which always doing the same is half right."""
    rows = [
        [model["name"], kind, sort, _cell(rates)]
        for model in models
        for kind, part in model["by_kind"].items()
        for sort, rates in sorted(part.get("by_wanted", {}).items())
    ]
    columns = [Column("Model", False), Column("Kind", False), Column("Wanted", False), Column("Right [95 %]")]
    return Table(
        "By what is wanted", columns, rows, folded="Where more than one sort of reply can be right", hide_caption=True
    )


def _changes_section(comparisons: Sequence[Mapping[str, Any]]) -> Section:
    rows, by_kind = [], []
    for one in comparisons:
        named = f"{one['second']} minus {one['first']}"
        rows.append([named, _difference(one), f"{one['p']:.2g}"])
        by_kind += [[named, kind, _difference(part), f"{part['p']:.2g}"] for kind, part in one["by_kind"].items()]
    numbers = [Column("Points [95 %]"), Column("p")]
    intro = (
        "The same dialogues, answered by both: difference of the shares in points, with Newcombe's interval for pairs, and McNemar's exact test. "
        "Nothing is corrected for the number of rows."
    )
    blocks: list[Block] = [
        Table("Differences between models", [Column("Models", False), *numbers], rows, hide_caption=True),
        Table(
            "Differences by kind",
            [Column("Models", False), Column("Kind", False), *numbers],
            by_kind,
            folded="By kind",
            hide_caption=True,
        ),
    ]
    if not comparisons:
        blocks = [Words("Only one model was asked.", "missing")]
    return Section("changes", "From model to model", intro, blocks)


def _verdict(one: Mapping[str, Any]) -> Verdict:
    """Whether a model is better than the one before it; sure where the interval leaves zero out."""
    difference = one["difference"]
    words = f"{one['second']} against {one['first']}: {_difference(one)} points (n = {difference['n']:,}, p = {one['p']:.2g})"
    if difference["value"] is None:
        return Verdict("note", f"{one['second']} against {one['first']}: no dialogue that both answered")
    if difference["low"] > 0:
        return Verdict("pass", words)
    return Verdict("fail" if difference["high"] < 0 else "note", words)


def _samples(replies: Mapping[str, Sequence[Judged]]) -> list[Sample]:
    """The first dialogues of each kind, of each sort of reply that is wanted one, with all replies."""
    by_id = {name: {one.test.id: one for one in some} for name, some in replies.items()}
    colors = {name: COLORS[place % len(COLORS)] for place, name in enumerate(replies)}
    taken: dict[tuple[str, str], int] = {}
    samples = []
    for one in max(replies.values(), key=len):
        test = one.test
        group = (test.kind, test.wanted)
        if taken.get(group, 0) == _PER_KIND:
            continue
        taken[group] = taken.get(group, 0) + 1
        texts = [
            Text(name, said[test.id].reply or "(nothing)", colors[name], said[test.id].passed)
            for name, said in by_id.items()
            if test.id in said
        ]
        samples.append(Sample(_in_words(test.messages), texts, f"{test.kind}; wanted: {test.wanted}"))
    return samples


def _in_words(messages: Conversation) -> str:
    return " · ".join(f"{one['role']}: {one['content']}" for one in messages)


def _wordings(part: Mapping[str, Any]) -> list[str]:
    return [_cell(part.get("by_wording", {}).get(wording)) for wording in WORDINGS]


def _difference(one: Mapping[str, Any]) -> str:
    values = [one["difference"][key] for key in ("value", "low", "high")]
    return estimate(*(None if value is None else 100 * value for value in values), digits=1)


def _cell(part: Mapping[str, Any] | None) -> str:
    if not part or not part["n"]:
        return NOTHING
    return f"{estimate(part['accuracy'], part['low'], part['high'])} of {number(part['n'])}"


def _percent(rate: float | None) -> str:
    return NOTHING if rate is None else f"{100 * rate:.1f} %"
