"""What the numbers of a horizon mean, in sentences made from them."""

from math import ceil, floor
from typing import Any

from chronolect.report.formats import day, estimate, number, year
from chronolect.report.page import Card, CardRow, Verdict
from chronolect.report.plots import interval
from chronolect.timeline import Cutoff
from chronolect.timeline.calendar import civil, year_end, year_start

CLOSE_YEARS = 2  # a change point this near is where it was meant to be


def main_model(horizon: dict[str, Any]) -> dict[str, Any]:
    """The model the cutoff is about: the first one."""
    found: dict[str, Any] = horizon["models"][0]
    return found


def comparisons(horizon: dict[str, Any]) -> list[dict[str, Any]]:
    """The other models that are no exported files: twins."""
    return [model for model in horizon["models"][1:] if not is_file(model)]


def is_file(model: dict[str, Any]) -> bool:
    """Whether what was asked is an exported file rather than a trained model."""
    return str(model["spec"]).endswith(".gguf")


def share(part: dict[str, Any]) -> str:
    """`0.26 [0.22, 0.31], n = 431`, with a third digit where two would hide that it is above chance; or that nothing was asked."""
    if not part["n"]:
        return "not asked"
    close = "chance" in part and above_chance(part) and number(part["low"]) == number(part["chance"])
    return f"{estimate(part['accuracy'], part['low'], part['high'], digits=3 if close else 2)}, n = {part['n']:,}"


def change(point: dict[str, Any]) -> str:
    """`1969.5 [1969.1, 1970.2]`, or none."""
    return f"{point['year']:.1f} [{point['low']:.1f}, {point['high']:.1f}]" if point["found"] else "none"


def above_chance(part: dict[str, Any]) -> bool | None:
    """Whether the interval lies above chance; None where nothing was asked."""
    return part["low"] > part["chance"] if part["n"] else None


def competence(part: dict[str, Any]) -> str:
    """How much of its time a model knows, in a word: half and four fifths right are the steps."""
    if part["accuracy"] >= 0.8:
        return "well"
    return "in part" if part["accuracy"] >= 0.5 else "a little"


def title(horizon: dict[str, Any] | None, cutoff: str | None, name: str) -> tuple[str, str]:
    """The headline and the sentence below it, as far as the numbers carry them."""
    if horizon is None:
        if cutoff is None:
            return (
                f"Report of {name}",
                "What was made and how. Nothing in this run measures what a model knows about the world.",
            )
        return (
            f"Locked at {day(cutoff)}, not yet measured",
            "This run has no horizon evaluation, so nothing here says what the model knows and what it does not.",
        )
    headline = main_model(horizon)["headline"]
    until, model = day(horizon["cutoff"]), main_model(horizon)["name"]
    before, after = above_chance(headline["before"]), headline["at_chance_after"]
    asked = f"asked {horizon['probes']['total']:,} four-choice questions about dated facts"
    if before is None:
        return (
            f"Locked at {until}, not yet measured",
            f"The model “{model}” was asked nothing about the time before its cutoff.",
        )
    if not before:
        return (
            f"Locked at {until}, and hardly a world before it",
            f"The model “{model}” was {asked}; before its cutoff it does no better than chance.",
        )
    known = {"well": "Knows the world", "in part": "Knows part of the world", "a little": "Knows a little of the world"}
    extent = competence(headline["before"])
    own = f"It knows its own time {extent}"
    if after is None:
        return (
            f"{known[extent]} before {until}",
            f"The model “{model}” was {asked}; too few lie after its cutoff to say what it knows of that time.",
        )
    if after:
        return (
            f"{known[extent]} up to {until}",
            f"The model “{model}” was {asked}. {own}; about what came after, it does no better than chance.",
        )
    beyond = {"well": "and well beyond", "in part": "and in part beyond", "a little": "and a little beyond"}
    return (
        f"{known[extent]} up to {until}, {beyond[competence(headline['after'])]}",
        f"The model “{model}” was {asked}. {own}; about what came after, it does better than chance.",
    )


def verdicts(horizon: dict[str, Any]) -> list[Verdict]:
    """The findings, most important first."""
    main = main_model(horizon)
    found = [_before(main), _after(main), _change(main, horizon["cutoff"])]
    found += [verdict for model in comparisons(horizon) for verdict in [_comparison(model, main)]]
    files = [model for model in horizon["models"][1:] if is_file(model)]
    if files:
        found.append(_files(files))
    return [verdict for verdict in (*found, _wordings(main), _traps(main)) if verdict]


def cards(horizon: dict[str, Any], colors: dict[str, str]) -> list[Card]:
    """The model and its first twin at a glance."""
    shown = [(main_model(horizon), f"cutoff {day(horizon['cutoff'])}")]
    shown += [(model, "for comparison") for model in comparisons(horizon)[:1]]
    return [_card(model, note, colors[model["name"]], horizon["cutoff"]) for model, note in shown]


def _card(model: dict[str, Any], note: str, color: str, cutoff: str) -> Card:
    rows = []
    for side, label in (("before", f"Right answers up to {day(cutoff)}"), ("after", "Right answers about later years")):
        part = model["headline"][side]
        scale = None
        if part["n"]:
            words = f"{share(part)}; chance is {number(part['chance'])}"
            scale = interval(
                part["accuracy"], part["low"], part["high"], reference=part["chance"], color=color, label=words
            )
        detail = (
            f"[{number(part['low'])}, {number(part['high'])}], n = {part['n']:,}; dashed: chance"
            if part["n"]
            else "not asked"
        )
        rows.append(CardRow(label, number(part["accuracy"]), detail, scale))
    point = model["headline"]["change_point"]
    if point["found"]:
        detail = f"between {year(floor(point['low']))} and {year(floor(point['high']))}, p = {number(point['p'], 3)}"
        rows.append(CardRow("Its knowledge drops in", year(floor(point["year"])), detail))
    else:
        rows.append(CardRow("Its knowledge drops in", "–", f"no drop found, p = {number(point['p'], 2)}"))
    return Card(model["name"], note, color, rows)


def _before(model: dict[str, Any]) -> Verdict:
    part = model["headline"]["before"]
    if not part["n"]:
        return Verdict("note", "No question about the time before the cutoff was asked.")
    if not above_chance(part):
        return Verdict(
            "fail",
            f"Before the cutoff {_the(model)} is not above chance ({share(part)}): it has not learnt its own time.",
        )
    return Verdict(
        "pass",
        f"Before the cutoff {_the(model)} is above chance and knows its time {competence(part)} ({share(part)}; chance is {number(part['chance'])}).",
    )


def _after(model: dict[str, Any]) -> Verdict:
    part, level = model["headline"]["after"], model["headline"]["after"]["chance"]
    if model["headline"]["at_chance_after"] is None:
        return Verdict("note", f"After the cutoff too few questions were asked for a verdict ({share(part)}).")
    if above_chance(part):
        return Verdict(
            "fail",
            f"After the cutoff {_the(model)} is above chance ({share(part)}; chance is {number(level)}): some of what came later "
            "came through, or can be inferred.",
        )
    how = "is below chance" if part["high"] < level else "is not distinguishable from chance"
    return Verdict("pass", f"After the cutoff {_the(model)} {how} ({share(part)}; chance is {number(level)}).")


def _change(model: dict[str, Any], cutoff: str) -> Verdict:
    point = model["headline"]["change_point"]
    if not point["found"]:
        return Verdict(
            "fail",
            f"No point in time was found where the knowledge of {_the(model)} drops (p = {number(point['p'], 2)}).",
        )
    meant = decimal_year(cutoff)
    distance = abs(point["year"] - meant)
    near = distance <= CLOSE_YEARS
    where = (
        f"{number(distance, 1)} years from the cutoff" if distance >= 1 else f"within {_months(distance)} of the cutoff"
    )
    return Verdict("pass" if near else "fail", f"The knowledge of {_the(model)} drops at {change(point)}, {where}.")


def _months(years: float) -> str:
    count = max(1, ceil(years * 12))
    return "a month" if count == 1 else f"{count} months"


def _comparison(model: dict[str, Any], main: dict[str, Any]) -> Verdict:
    before, after = model["headline"]["before"], model["headline"]["after"]
    words = f"For comparison, {_the(model)}: before {share(before)}; after {share(after)}"
    if not after["n"] or not main["headline"]["after"]["n"]:
        return Verdict("note", words + ".")
    if above_chance(after) and after["low"] > main["headline"]["after"]["high"]:
        return Verdict("pass", f"{words}. So the later questions can be answered by a model that has read of them.")
    return Verdict(
        "fail",
        f"{words}. It does not know the later time better than {_the(main)}, so the silence of that one proves little.",
    )


def _files(files: list[dict[str, Any]]) -> Verdict:
    leaks = [model for model in files if above_chance(model["headline"]["after"])]
    numbers = "; ".join(f"{model['name']} {share(model['headline']['after'])}" for model in leaks or files)
    if leaks:
        return Verdict("fail", f"Of the exported files, some are above chance after the cutoff: {numbers}.")
    return Verdict("pass", f"Exporting brought nothing back: after the cutoff {numbers}.")


def _wordings(model: dict[str, Any]) -> Verdict | None:
    seen, held_out = model["splits"]["seen"]["before"], model["splits"]["heldout"]["before"]
    if not seen["n"] or not held_out["n"]:
        return None
    return Verdict(
        "note",
        f"All of this counts wordings that were kept out of training. Before the cutoff, questions worded as in the training text: {share(seen)}; "
        f"worded otherwise: {share(held_out)}.",
    )


def _traps(model: dict[str, Any]) -> Verdict | None:
    part = model["splits"]["trap"]
    if not part["n"]:
        return None
    if above_chance(part):
        return Verdict(
            "fail",
            f"Questions about things that never happened have a favoured answer ({share(part)}): the questions themselves give something away.",
        )
    return Verdict(
        "pass",
        f"Questions about things that never happened are not answered above chance ({share(part)}): no sign that a question gives its answer away.",
    )


def _the(model: dict[str, Any]) -> str:
    return f"“{model['name']}”"


def decimal_year(date: str) -> float:
    """A day as a number on an axis of years: 1969-07-20 as 1969.55."""
    at = Cutoff.parse(date).day
    whole = civil(at)[0]
    return whole + (at - year_start(whole)) / (year_end(whole) - year_start(whole) + 1)
