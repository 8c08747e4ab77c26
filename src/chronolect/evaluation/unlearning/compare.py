"""From what was measured of each model to what changed: against the start, against the retain-only reference, against what a file was made from."""

from collections.abc import Mapping, Sequence
from typing import Any

from chronolect.evaluation.unlearning import recall, utility
from chronolect.evaluation.unlearning.measuring import Measured
from chronolect.evaluation.unlearning.recall import Question

Compared = dict[str, Any]


def compare(
    measured: Sequence[Measured],
    questions: Sequence[Question],
    *,
    start: int,
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
        parents: For each model the place of the one it was made from, as a quantised file is; None where it is none of them.
        costs: What its training took.
        resamples: Bootstrap samples.
        seed: Of those.

    Returns:
        For each model `four_choice`, `open`, `fluency`, `utility`, `cost`, and for a quantised file `since_parent`.
    """

    def against(one: Measured, other: Measured | None) -> dict[str, Any]:
        draws = {"resamples": resamples, "seed": seed}
        found: dict[str, Any] = {}
        right, values = one["right"], one["bits_per_byte"]
        skipped = isinstance(right, dict)
        then = None if other is None or isinstance(other["right"], dict) else other["right"]
        found["four_choice"] = right if skipped else recall.summarise(questions, right, then, **draws)
        skipped = isinstance(values, dict)
        then = None if other is None or isinstance(other["bits_per_byte"], dict) else other["bits_per_byte"]
        found["utility"] = values if skipped else utility.summarise(values, then, **draws)
        return found

    found = []
    for place, one in enumerate(measured):
        parent = parents[place]
        result: Compared = {
            "name": one["name"],
            "spec": one["spec"],
            "made_from": None if parent is None else measured[parent]["name"],
            **against(one, None if place == start else measured[start]),
            "open": {name: rates for name, rates in one["open"].items() if name != "fluency"},
            "fluency": one["open"]["fluency"],
            "cost": costs[place],
        }
        if parent is not None:
            since = against(one, measured[parent])
            result["since_parent"] = {
                "four_choice": since["four_choice"].get("change"),
                "utility": since["utility"].get("change"),
            }
        found.append(result)
    return found


def verdict(model: Compared) -> list[str]:
    """In a few words each: whether the knowledge is gone, and whether the rest is there."""
    known = model["four_choice"]
    if "skipped" in known:
        return ["four-choice questions not asked"]
    gone = {
        "at": "after the cutoff at chance",
        "above": "after the cutoff above chance",
        "below": "after the cutoff below chance: it avoids answers that it must know",
        None: "too few questions after the cutoff",
    }[known["after"]["against_chance"]]
    kept = known.get("kept")
    if kept is None:
        return [gone]
    if kept["kept"] is None:
        return [gone, "too few questions before the cutoff"]
    words = "keeps what came before within 5 points" if kept["kept"] else "loses more than 5 points before the cutoff"
    return [gone, words + ("" if kept["sure"] else " (the interval says otherwise at one end)")]
