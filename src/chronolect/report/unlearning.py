"""The page of `eval unlearning`: what each model forgot, what it kept, at what cost, and what was not tested."""

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from chronolect.evaluation.unlearning import table as cells
from chronolect.evaluation.unlearning.compare import Compared, verdict
from chronolect.evaluation.unlearning.recall import KEPT, forget_set
from chronolect.report.findings import decimal_year
from chronolect.report.formats import NOTHING, day, estimate, number, year, years
from chronolect.report.front import Outcome, pareto_chart
from chronolect.report.horizon import merge_bins
from chronolect.report.page import (
    Block,
    Column,
    Figure,
    Grid,
    LegendEntry,
    Listing,
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

START, REFERENCE, UNLEARNED, FILES = "before unlearning", "has never read it", "unlearned", "made from one of these"
COLORS = {START: "muted", REFERENCE: "third", UNLEARNED: "locked", FILES: "twin"}
_MOST_LABELS = 8  # in the chart; with more models the files go without
_PER_SIDE = 3  # questions shown with everybody's answers
_OPEN = (
    ("retain", "accuracy", "Right before"),
    ("retain", "false_refusal_rate", "False refusals"),
    ("unlearn", "leakage_rate", "Leaks after"),
    ("unlearn", "success_rate", "Declines after"),
    ("unlearn", "confabulation_rate", "Made up after"),
)
_MEMORY = (
    ("probability", "p(truth) per token"),
    ("truth_ratio", "Truth ratio"),
    ("extraction_strength", "Extraction strength"),
    ("exact_memorisation", "Exact memorisation"),
)
_ATTACKS = (("loss", "LOSS"), ("zlib", "zlib"), ("min_k", "Min-K"), ("min_k++", "Min-K++"))


def unlearning_page(results: Mapping[str, Any], answers: Sequence[Mapping[str, Any]] = (), *, name: str) -> Page:
    """The page of a comparison.

    Args:
        results: What `unlearning.json` holds.
        answers: Some graded open answers, the same questions of every model, to be shown side by side.
        name: Of the run.
    """
    models: Sequence[Compared] = results["models"]
    cutoff = day(results["cutoff"])
    rivals = [model for model in models if group_of(model, results) == UNLEARNED]
    good = [model for model in rivals if _forgot_and_kept(model)]
    counts = results["questions"]
    return Page(
        name=name,
        eyebrow=f"Unlearning · cutoff {cutoff}",
        title=f"{len(good)} of {len(rivals)} unlearned models forgot what they were to forget of the time after {cutoff} and kept the rest",
        lede=f"Asked: {counts['after']:,} four-choice questions about the time after the cutoff and {counts['before']:,} about the time before "
        f"it, in wordings kept out of training; {counts['open']:,} open questions; and what the weights still hold. To forget is to be at chance "
        "after the cutoff; to keep is to lose at most five points before it.",
        sections=[
            _front_section(models, results),
            _years_section(models, results),
            _open_section(models, answers),
            _inside_section(models),
            _cost_section(models),
            Section(
                "untested", "What was not tested", "", [Listing([_sentence(one) for one in results["not_tested"]])]
            ),
        ],
        verdicts=[found for model in models for found in _verdicts(model, results)],
    )


def some_answers(folder: Path) -> list[dict[str, Any]]:
    """The answers of every model to a few held-out questions of both sides, each of another family, from the files that lie in `models/`."""
    found: list[dict[str, Any]] = []
    for file in sorted(folder.glob("*-answers.jsonl")):
        families: dict[str, set[str]] = {"retain_val": set(), "unlearn_val": set()}
        with open(file, encoding="utf-8") as lines:
            for row in map(json.loads, lines):
                seen = families.get(row["set"])
                family = str(row["metadata"].get("family"))
                if seen is not None and family not in seen and len(seen) < _PER_SIDE:
                    seen.add(family)
                    found.append(row)
    return found


def group_of(model: Compared, results: Mapping[str, Any]) -> str:
    """Which part a model has in the comparison."""
    if model["name"] == results["start"]:
        return START
    if model["name"] == results["reference"]:
        return REFERENCE
    return FILES if model["made_from"] else UNLEARNED


def _forgot_and_kept(model: Compared) -> bool:
    known = model["four_choice"]
    return "skipped" not in known and forget_set(known)["against_chance"] == "at" and known["kept"]["kept"] is True


def _verdicts(model: Compared, results: Mapping[str, Any]) -> list[Verdict]:
    """What to know of a model; of a quantised file only what it changes."""
    group = group_of(model, results)
    said = f"{model['name']}: {'; '.join(verdict(model))}."
    if group in (START, REFERENCE):
        return [Verdict("note", said)]
    if group == UNLEARNED:
        return [Verdict("pass" if _forgot_and_kept(model) else "fail", said)]
    changes = (model.get("since_parent") or {}).get("four_choice")
    if not changes:
        return [Verdict("note", said)]
    back = changes["after"]
    text = f"{model['name']}, made from {model['made_from']}: after the cutoff {_signed(back)}, before it {_signed(changes['before'])}."
    return [Verdict("fail" if back["low"] is not None and back["low"] > 0 else "note", text)]


def _front_section(models: Sequence[Compared], results: Mapping[str, Any]) -> Section:
    asked = [model for model in models if "skipped" not in model["four_choice"]]
    outcomes = [
        Outcome(
            model["name"],
            forget_set(model["four_choice"]),
            model["four_choice"]["before"],
            group_of(model, results),
            competes=group_of(model, results) in (UNLEARNED, FILES),
            labelled=group_of(model, results) != FILES or len(models) <= _MOST_LABELS,
        )
        for model in asked
    ]
    start = next((outcome for outcome in outcomes if outcome.group == START), None)
    least = None if start is None else start.keep["accuracy"] - KEPT
    chance = asked[0]["four_choice"]["after"]["chance"] if asked else 0.25
    rows = [
        [
            model["name"],
            _estimate(None if "skipped" in model["four_choice"] else forget_set(model["four_choice"])),
            _known(model, "before"),
            _signed(model["four_choice"].get("change", {}).get("before")),
            _rate(model, "retain_val", "false_refusal_rate"),
            _estimate(model["utility"].get("bits_per_byte")),
            _signed(model["utility"].get("change")),
        ]
        for model in models
    ]
    heads = ["To be forgotten", "Before the cutoff", "Change", "False refusals", "Bits per byte", "Change"]
    columns = [Column("Model", False), *map(Column, heads)]
    blocks: list[Block] = [pareto_chart(outcomes, colors=COLORS, chance=chance, least_kept=least)] if outcomes else []
    blocks.append(Table("Every model and file, asked the same [95 %]", columns, rows))
    shown = [[model["name"], *(_split(model, *which) for which in _SPLITS)] for model in asked]
    heads = ["After: in training", "After: not in training", "Before: in training", "Before: not in training"]
    blocks.append(
        Table(
            "Facts shown in training and others",
            [Column("Model", False), *map(Column, heads), Column("Timeless controls"), Column("Traps")],
            [[*row, _known(model, "control"), _known(model, "trap")] for row, model in zip(shown, asked, strict=True)],
        )
    )
    blocks.append(
        Words(
            "A method that only forgets the facts it was shown has not moved the horizon: look at those not in training.",
            "note",
        )
    )
    return Section("front", "Forgetting against keeping", "", blocks)


_SPLITS = (("after", "shown"), ("after", "unshown"), ("before", "shown"), ("before", "unshown"))


def _years_section(models: Sequence[Compared], results: Mapping[str, Any]) -> Section:
    """Small charts: each model's curve over that of the start."""
    asked = [model for model in models if "skipped" not in model["four_choice"]]
    start = next((model for model in asked if model["name"] == results["start"]), None)
    figures = [
        _curve(model, start, results["cutoff"], COLORS[group_of(model, results)], key)
        for key, model in enumerate(asked)
        if model is not start
    ]
    legend = [LegendEntry(results["start"], "muted", "dashed")]
    legend += [LegendEntry(group, color) for group, color in COLORS.items() if group != START]
    return Section(
        "years",
        "By the year of the event",
        "Right answers to the four-choice questions. Where it works as meant, the curve is the start's up to the cutoff and at chance after it.",
        [Grid(figures, legend)],
    )


def _curve(model: Compared, start: Compared | None, cutoff: str, color: str, key: int) -> Figure:
    lines = [] if start is None else [(start, "muted", "dashed")]
    series = [
        Series(one["name"], _points(one), color, style)  # type: ignore[arg-type]
        for one, color, style in [*lines, (model, color, "line")]
    ]
    chart = Chart(
        id=f"years-{key}",
        title=model["name"],
        description=f"Share of right answers of {model['name']} by year, with that of {start['name'] if start else 'no other model'}.",
        x=Axis("year", format=year, whole=True),
        y=Axis("right", low=0.0, high=1.0, format=lambda value: f"{value:g}", ticks=(0, 0.25, 0.5, 0.75, 1)),
        series=series,
        rules=[
            Rule("y", model["four_choice"]["after"]["chance"], style="dashed"),
            Rule("x", decimal_year(cutoff), color="ink"),
        ],
    )
    return Figure(chart, small=True)


def _points(model: Compared) -> list[Point]:
    """Decades of one side put together until they hold enough questions; the line is broken at the cutoff."""
    bins = model["four_choice"]["by_decade"]
    before, after = (
        merge_bins([part for part in bins if part["side"] == side], limit)
        for side, limit in (("before", 10_000), ("after", -10_000))
    )
    points = []
    for some in (before, after):
        points += [
            Point(
                (part["first"] + part["last"] + 1) / 2,
                part["accuracy"],
                part["low"],
                part["high"],
                f"{model['name']}, {years(part['first'], part['last'])}\n{_estimate(part)}, n = {part['n']:,}",
            )
            for part in some
        ]
        points.append(Point(points[-1].x if points else 0.0, None))
    return points[:-1]


def _open_section(models: Sequence[Compared], answers: Sequence[Mapping[str, Any]]) -> Section:
    tables = [
        Table(
            title,
            [Column("Model", False), *(Column(words) for _, _, words in _OPEN)],
            [[model["name"], *(_rate(model, f"{side}_{split}", key) for side, key, _ in _OPEN)] for model in models],
        )
        for split, title in (("val", "Facts held out of the training files"), ("train", "Facts in the training files"))
    ]
    blocks: list[Block] = [*tables]
    questions = dict.fromkeys((row["set"], row["instruction"]) for row in answers)
    samples = [
        Sample(
            asked,
            [
                Text(row["model"], (row["response"] or "").strip() or NOTHING, "muted", row["verdict"] == "correct")
                for row in answers
                if (row["set"], row["instruction"]) == (which, asked)
            ],
            note="before the cutoff" if which.startswith("retain") else "after the cutoff: not to be known",
        )
        for which, asked in questions
    ]
    if samples:
        blocks += [Words("A few questions, and what each model says", "heading"), Samples(samples)]
    intro = (
        "Answers are graded on content: right where they name what is asked for, declined where they say in whatever words that it is not known, or "
        "speak from inside the period. Several questions may be about one fact, so that the intervals are a little too narrow."
    )
    return Section("open", "What they say", intro, blocks)


def _inside_section(models: Sequence[Compared]) -> Section:
    looked = [model for model in models if "skipped" not in model["memory"]]
    rows = [
        [
            model["name"],
            *(_estimate(model["memory"][key], digits=3) for key, _ in _MEMORY),
            cells.p_value(model["memory"].get("forget_quality")),
        ]
        for model in looked
    ]
    columns = [Column("Model", False), *(Column(words) for _, words in _MEMORY), Column("Forget quality (p)")]
    blocks: list[Block] = [
        Table("The true answers to what was to be forgotten, given to the model [95 %]", columns, rows)
    ]
    attacked = [model for model in models if "skipped" not in model["membership"]]
    if attacked:
        rows = [
            [
                model["name"],
                *(_estimate(model["membership"][key]) for key, _ in _ATTACKS),
                _signed(model["membership"]["min_k++"].get("gap")),
            ]
            for model in attacked
        ]
        columns = [
            Column("Model", False),
            *(Column(words) for _, words in _ATTACKS),
            Column("Min-K++: gap to the reference"),
        ]
        blocks.append(Table("Membership attacks: AUC [95 %]", columns, rows))
    reasons = dict.fromkeys(
        f"{model['name']}: {part['skipped']}."
        for model in models
        for part in (model["memory"], model["membership"])
        if "skipped" in part
    )
    blocks.append(
        Words(
            "Truth ratio: 1 where true and plausible wrong answers are equally likely. Extraction strength: the part of an answer that greedy "
            "decoding gives after the rest of it. Forget quality: p of a Kolmogorov-Smirnov test against the model that has never read it; near 0 "
            "they differ. "
            "AUC: 0.5 where nobody can tell what was trained on; below it, forgetting has left a mark.",
            "note",
        )
    )
    blocks += [Words(reason, "note") for reason in reasons]
    return Section(
        "inside", "What the weights still hold", "Whatever a model says, its probabilities may know better.", blocks
    )


def _cost_section(models: Sequence[Compared]) -> Section:
    rows = []
    for model in models:
        fluency, cost = model["fluency"], model["cost"] or {}
        rows.append(
            [
                model["name"],
                _estimate(fluency["loops"]),
                _estimate(fluency["empty"]),
                number(fluency["distinct"]["1"]),
                number(fluency["distinct"]["2"]),
                cost.get("method") or NOTHING,
                number(cost.get("steps")),
                number(cost.get("tokens")),
                number(cost.get("seconds"), 0),
            ]
        )
    heads = ["Loops", "Empty", "Distinct-1", "Distinct-2"]
    more = ["Steps", "Answer tokens", "Seconds"]
    columns = [Column("Model", False), *map(Column, heads), Column("Method", False), *map(Column, more)]
    intro = (
        "Distinct-n falls where a model says the same to everything, be that a loop or a refusal. Costs are those of the one run, not of a search "
        "for its settings."
    )
    return Section(
        "cost", "Fluency and cost", intro, [Table("Fluency of the open answers, and the training runs", columns, rows)]
    )


def _known(model: Compared, side: str) -> str:
    part = model["four_choice"].get(side)
    return f"{_estimate(part)} of {part['n']:,}" if part and part["n"] else NOTHING


def _split(model: Compared, side: str, which: str) -> str:
    part = model["four_choice"][side][which]
    return f"{_estimate(part)} of {part['n']:,}" if part["n"] else NOTHING


def _rate(model: Compared, name: str, key: str) -> str:
    return _estimate(model["open"][name]["intervals"][key])


def _estimate(part: Mapping[str, Any] | None, *, digits: int = 2) -> str:
    if not part:
        return NOTHING
    value = next((part[key] for key in ("accuracy", "rate", "value", "auc") if part.get(key) is not None), None)
    return estimate(value, part.get("low"), part.get("high"), digits=digits)


def _signed(part: Mapping[str, Any] | None) -> str:
    return cells.signed(part).replace("-", "−")


def _sentence(text: str) -> str:
    return f"{text[0].upper()}{text[1:]}."
