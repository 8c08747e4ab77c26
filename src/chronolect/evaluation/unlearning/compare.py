"""From what was measured of each model to what changed: against the start, against the retain-only reference, against what a file was made from."""

from collections.abc import Mapping, Sequence
from typing import Any

from chronolect.evaluation.unlearning import membership, memorisation, recall, utility
from chronolect.evaluation.unlearning.measuring import Measured
from chronolect.evaluation.unlearning.recall import Question, forget_set
from chronolect.evaluation.unlearning.reference import forget_quality

Compared = dict[str, Any]


def compare(
    measured: Sequence[Measured],
    questions: Sequence[Question],
    *,
    start: int,
    reference: int | None = None,
    parents: Sequence[int | None],
    costs: Sequence[Mapping[str, Any] | None],
    resamples: int = 1000,
    seed: int = 0,
) -> list[Compared]:
    """What each model knows, and what changed.

    Args:
        measured: What was measured of each.
        questions: The four-choice questions they were asked.
        start: Place of the model before unlearning.
        reference: Place of the model that has never read what was to be forgotten.
        parents: For each model the place of the one it was made from, as a quantised file is; None where it is none of them.
        costs: What its training took.
        resamples: Bootstrap samples.
        seed: Of those.

    Returns:
        For each model `four_choice`, `open`, `fluency`, `utility`, `memory` (with `forget_quality` where there is a reference), `membership`, `cost`,
        and for a quantised file `since_parent`. What was not measured of a model is `{"skipped": reason}`.
    """
    draws = {"resamples": resamples, "seed": seed}
    before = measured[start]
    never_read = None if reference is None else measured[reference]
    found = []
    for place, one in enumerate(measured):
        parent = parents[place]
        result: Compared = {
            "name": one["name"],
            "spec": one["spec"],
            "made_from": None if parent is None else measured[parent]["name"],
            "four_choice": _four_choice(questions, one, None if place == start else before, draws),
            "open": {name: rates for name, rates in one["open"].items() if name != "fluency"},
            "fluency": one["open"]["fluency"],
            "utility": _utility(one, None if place == start else before, draws),
            "memory": _memory(one, None if place == reference else never_read, draws),
            "membership": _membership(one, None if place == reference else never_read, draws),
            "cost": costs[place],
        }
        if parent is not None:
            result["since_parent"] = {
                "four_choice": _four_choice(questions, one, measured[parent], draws).get("change"),
                "utility": _utility(one, measured[parent], draws).get("change"),
            }
        found.append(result)
    return found


def _four_choice(
    questions: Sequence[Question], one: Measured, other: Measured | None, draws: Mapping[str, int]
) -> dict[str, Any]:
    if _skipped(one["right"]):
        return dict(one["right"])
    then = None if other is None or _skipped(other["right"]) else other["right"]
    return recall.summarise(questions, one["right"], then, **draws)


def _utility(one: Measured, other: Measured | None, draws: Mapping[str, int]) -> dict[str, Any]:
    if _skipped(one["bits_per_byte"]):
        return dict(one["bits_per_byte"])
    then = None if other is None or _skipped(other["bits_per_byte"]) else other["bits_per_byte"]
    return utility.summarise(one["bits_per_byte"], then, **draws)


def _memory(one: Measured, reference: Measured | None, draws: Mapping[str, int]) -> dict[str, Any]:
    if _skipped(one["memory"]):
        return dict(one["memory"])
    found = memorisation.summarise(one["memory"], **draws)
    if reference is not None and not _skipped(reference["memory"]):
        found["forget_quality"] = forget_quality(one["memory"]["truth_share"], reference["memory"]["truth_share"])
    return found


def _membership(one: Measured, reference: Measured | None, draws: Mapping[str, int]) -> dict[str, Any]:
    if _skipped(one["membership"]):
        return dict(one["membership"])
    then = None if reference is None or _skipped(reference["membership"]) else reference["membership"]
    return membership.summarise(one["membership"], then, **draws)


def _skipped(part: Any) -> bool:
    return isinstance(part, dict) and "skipped" in part


def verdict(model: Compared) -> list[str]:
    """In a few words each: whether the knowledge is gone, and whether the rest is there."""
    known = model["four_choice"]
    if "skipped" in known:
        return ["four-choice questions not asked"]
    words = {
        "at": "at chance",
        "above": "above chance",
        "below": "below chance: it avoids answers that it must know",
    }
    asked = forget_set(known)["against_chance"]
    gone = f"what it was to forget {words[asked]}" if asked else "too few questions about what it was to forget"
    others = known["after"]["unshown"]
    if known["after"]["shown"]["n"] and others["against_chance"]:
        gone += f", other facts after the cutoff {words[others['against_chance']]}"
    kept = known.get("kept")
    if kept is None:
        return [gone]
    if kept["kept"] is None:
        return [gone, "too few questions before the cutoff"]
    rest = "keeps what came before within 5 points" if kept["kept"] else "loses more than 5 points before the cutoff"
    return [gone, rest + ("" if kept["sure"] else " (the interval says otherwise at one end)")]
