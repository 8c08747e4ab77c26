"""The section on surprise: bits per byte on dated text, of a model and its twin, and their difference."""

from collections.abc import Mapping, Sequence
from typing import Any

from chronolect.report.findings import decimal_year
from chronolect.report.formats import day, estimate, number, year, years
from chronolect.report.page import Block, Column, Figure, LegendEntry, Section, Table, Verdict, Words
from chronolect.report.plots import Axis, Chart, Point, Rule, Series

_DIGITS = 3


def surprise_section(surprises: Sequence[dict[str, Any]], colors: Mapping[str, str]) -> Section | None:
    """The difference to the twin, of all models in one chart; then what each of them is made of."""
    if not surprises:
        return None
    with_twin = [found for found in surprises if found["twin"]]
    blocks: list[Block] = [_differences(with_twin, colors)] if with_twin else []
    blocks += [_levels(found, colors, str(place)) for place, found in enumerate(surprises)]
    blocks.append(_sides(surprises))
    blocks += (
        []
        if with_twin
        else [Words("Without a twin, old and new text cannot be told from easy and hard text.", "missing")]
    )
    intro = (
        "How many bits a byte of text costs a model, by the time the text was written: the fewer, the less it is surprised. "
        "Old and new texts differ in more than what is known in them, so the gap to the twin, document by document, is what tells."
    )
    return Section("surprise", "What surprises it", intro, blocks)


def surprise_verdicts(surprises: Sequence[dict[str, Any]]) -> list[Verdict]:
    """Whether the gap to the twin is wider after the cutoff than before it."""
    return [verdict for found in surprises if found["twin"] for verdict in [_verdict(found)]]


def surprise_title(surprises: Sequence[dict[str, Any]]) -> tuple[str, str] | None:
    """Headline and sentence of a run whose horizon was not measured; None where there is no twin to compare with."""
    with_twin = [found for found in surprises if found["twin"]]
    if not with_twin:
        return None
    until = " and ".join(
        day(found["cutoff"]) for found in sorted(with_twin, key=lambda found: decimal_year(found["cutoff"]))
    )
    opened = [found for found in with_twin if _opens(found)]
    count = number(max(found["documents"]["scored"] for found in with_twin))
    asked = f"{count} held-out documents were read to each model and to a twin that was not locked"
    if len(opened) == len(with_twin):
        return (
            f"Surprised by what came after {until}",
            f"{asked}. Later text costs the locked ones more bits than earlier text does, beyond what it costs the twin.",
        )
    if opened:
        names = " and ".join(f"“{found['model']['name']}”" for found in opened)
        return (
            f"Locked at {until}",
            f"{asked}. Of the locked models, later text surprises only {names} more than earlier text does, beyond what it costs the twin.",
        )
    return (
        f"Locked at {until}, yet later text is no surprise",
        f"{asked}. Later text is no harder for the locked ones than for the twin, so far as can be told.",
    )


def _opens(found: dict[str, Any]) -> bool:
    return found["gap_opens"]["low"] is not None and found["gap_opens"]["low"] > 0


def _bits(part: dict[str, Any]) -> str:
    return estimate(part["value"], part["low"], part["high"], digits=_DIGITS)


def _verdict(found: dict[str, Any]) -> Verdict:
    gap, model, twin = found["gap_opens"], found["model"]["name"], found["twin"]["name"]
    parts = {side: found[side]["difference"] for side in ("before", "after")}
    numbers = "; ".join(f"{side} the cutoff {_bits(part)}, n = {part['n']:,}" for side, part in parts.items())
    if gap["low"] is None:
        return Verdict(
            "note",
            f"Too few documents on one side of {day(found['cutoff'])} to say whether later text surprises “{model}”.",
        )
    sentence = f"Beyond what they cost “{twin}”, bytes written after {day(found['cutoff'])} cost “{model}” {_bits(gap)} bits more than earlier ones"
    if _opens(found):
        return Verdict("pass", f"{sentence} ({numbers}).")
    return Verdict("fail", f"{sentence}: not clearly more than nothing ({numbers}).")


def _points(found: dict[str, Any], key: str, name: str) -> list[Point]:
    return [
        Point(
            (part["first"] + part["last"] + 1) / 2,
            part[key]["value"],
            part[key]["low"],
            part[key]["high"],
            f"{name}, {years(part['first'], part['last'])}\n{_bits(part[key])} bits per byte, n = {part[key]['n']:,}",
        )
        for part in found["periods"]
    ]


def _cutoff_rule(found: dict[str, Any], color: str) -> Rule:
    return Rule("x", decimal_year(found["cutoff"]), f"cutoff {day(found['cutoff'])}", color=color)


def _differences(surprises: Sequence[dict[str, Any]], colors: Mapping[str, str]) -> Figure:
    several = len(surprises) > 1
    series, rules, rows, legend = [], [Rule("y", 0.0, "no difference", style="dashed")], [], []
    for found in surprises:
        name = found["model"]["name"]
        label = f"{name} minus {found['twin']['name']}"
        series.append(Series(label, _points(found, "difference", label), colors[name]))
        rules.append(_cutoff_rule(found, colors[name] if several else "ink"))
        legend.append(LegendEntry(label, colors[name]))
        rows += [
            [label, years(part["first"], part["last"]), _bits(part["difference"]), number(part["difference"]["n"])]
            for part in found["periods"]
        ]
    sentences = [
        f"{found['model']['name']}: before its cutoff {_bits(found['before']['difference'])}, after it {_bits(found['after']['difference'])}."
        for found in surprises
    ]
    chart = Chart(
        id="surprise-difference",
        title="How much more it costs than the twin",
        description=f"Bits per byte of the locked model minus those of the twin, by the time of writing. {' '.join(sentences)}",
        x=Axis("year written", format=year, whole=True),
        y=Axis("bits per byte, difference", format=lambda value: number(value, 2)),
        series=series,
        rules=rules,
    )
    columns = [Column("Models", False), Column("Years", False), Column("Difference [95 %]"), Column("Documents")]
    caption = "Above the dashed line the text surprises the locked model more than the twin. Bands are 95 % bootstrap intervals over documents."
    return Figure(chart, caption, Table("Difference by time of writing", columns, rows, hide_caption=True), legend)


def _levels(found: dict[str, Any], colors: Mapping[str, str], key: str) -> Figure:
    roles = [role for role in ("model", "twin") if found[role]]
    names = [found[role]["name"] for role in roles]
    series = [Series(name, _points(found, role, name), colors[name]) for role, name in zip(roles, names, strict=True)]
    rows = [
        [
            years(part["first"], part["last"]),
            *(_bits(part[role]) for role in roles),
            number(part["documents"]),
            number(part["bytes"]),
        ]
        for part in found["periods"]
    ]
    chart = Chart(
        id=f"surprise-levels-{key}",
        title=f"Bits per byte of {' and '.join(names)}",
        description=f"Bits per byte of {' and '.join(names)} on dated text, by the time of writing.",
        x=Axis("year written", format=year, whole=True),
        y=Axis("bits per byte", format=lambda value: number(value, 2)),
        series=series,
        rules=[_cutoff_rule(found, "ink")],
    )
    columns = [
        Column("Years", False),
        *(Column(f"{name} [95 %]") for name in names),
        Column("Documents"),
        Column("Bytes"),
    ]
    table = Table("Bits per byte by time of writing", columns, rows, hide_caption=True)
    return Figure(chart, "", table, [LegendEntry(name, colors[name]) for name in names])


def _sides(surprises: Sequence[dict[str, Any]]) -> Table:
    rows = []
    for found in surprises:
        for side in ("before", "after"):
            part = found[side]
            name = found["model"]["name"] if side == "before" else ""
            rows.append(
                [
                    name,
                    f"{side} {day(found['cutoff'])}",
                    _bits(part["model"]),
                    _bits(part["twin"]),
                    _bits(part["difference"]),
                    number(part["documents"]),
                ]
            )
    columns = [
        Column("Model", False),
        Column("Text written", False),
        *map(Column, ("Bits per byte", "Twin", "Difference", "Documents")),
    ]
    return Table("On both sides of the cutoff: means [95 %]", columns, rows)
