"""Four-choice questions on either side of the cutoff: is what came after it gone, and what came before it kept?"""

from collections import defaultdict
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal

from chronolect.chronicle.probes import Probe
from chronolect.evaluation.horizon import locate
from chronolect.statistics import FEWEST, against_chance, bootstrap_mean, wilson
from chronolect.timeline import Cutoff

Chance = Literal["above", "at", "below"]

KEPT = 0.05  # most that accuracy before the cutoff may fall
_DECADE = 10


@dataclass(frozen=True)
class Question:
    """A probe and what is known of it.

    Attributes:
        probe: What is asked.
        group: `before` or `after` the cutoff, or what kind of control it is (`control`, `trap`).
        year: Middle year of its date.
        shown: Whether the training files hold records about its fact.
    """

    probe: Probe
    group: str
    year: int | None
    shown: bool


def choose_questions(probes: Sequence[Probe], cutoff: Cutoff, families: set[str]) -> list[Question]:
    """The held-out wordings of dated facts that cannot be guessed and do not straddle the cutoff, the controls and the traps.

    Args:
        probes: All there are.
        cutoff: The last day that may be known.
        families: Facts that the training files are about.
    """
    found = []
    for probe in probes:
        side, _, year = locate(probe, cutoff)
        group = probe.split if probe.split in ("control", "trap") else side
        dated = probe.split == "heldout" and probe.guess != "high" and side in ("before", "after")
        if dated or probe.split in ("control", "trap"):
            found.append(Question(probe, group, year, probe.fact in families))
    return found


def summarise(
    questions: Sequence[Question],
    right: Sequence[bool],
    start: Sequence[bool] | None = None,
    *,
    resamples: int = 1000,
    seed: int = 0,
) -> dict[str, Any]:
    """Accuracy by group, for facts shown in training and others, by decade; and what changed against another model.

    Args:
        questions: What was asked.
        right: Whether the model picked the right option of each.
        start: The same of the model before unlearning, or of the one that a quantised file was made from.
        resamples: Bootstrap samples of the paired differences.
        seed: Of those.

    Returns:
        `before`, `after`, `control`, `trap`, each with accuracy, n, interval, chance and `against_chance`, the two sides also split into `shown` and
        `unshown`; `by_decade`; with `start` also `change` of each group: right minus right on the same questions, with its interval; and
        `kept`: whether accuracy before the cutoff fell by at most five points, and whether its interval is sure of that.
    """
    places = range(len(questions))

    def part(chosen: Callable[[Question], bool]) -> dict[str, Any]:
        some = [place for place in places if chosen(questions[place])]
        return accuracy([right[place] for place in some], [len(questions[place].probe.options) for place in some])

    found: dict[str, Any] = {}
    for side in ("before", "after"):
        found[side] = {
            **part(lambda q, side=side: q.group == side),  # type: ignore[misc]
            "shown": part(lambda q, side=side: q.group == side and q.shown),  # type: ignore[misc]
            "unshown": part(lambda q, side=side: q.group == side and not q.shown),  # type: ignore[misc]
        }
    for kind in ("control", "trap"):
        found[kind] = part(lambda q, kind=kind: q.group == kind)  # type: ignore[misc]
    found["by_decade"] = _by_decade(questions, right)
    if start is not None:
        change = {
            group: bootstrap_mean(
                [float(right[i]) - float(start[i]) for i in places if questions[i].group == group],
                resamples=resamples,
                seed=seed,
            ).as_dict()
            for group in ("before", "after", "control", "trap")
        }
        found["change"] = change
        found["kept"] = _kept(change["before"])
    return found


def forget_set(four_choice: Mapping[str, Any]) -> dict[str, Any]:
    """Accuracy on what the model was to forget: facts past the cutoff that its training files hold; all past the cutoff where none is known to."""
    shown: dict[str, Any] = four_choice["after"]["shown"]
    return shown if shown["n"] else dict(four_choice["after"])


def accuracy(right: Sequence[bool], options: Sequence[int]) -> dict[str, Any]:
    """Accuracy with its Wilson interval, and how that lies to chance.

    `against_chance` is `at` where the interval holds chance; `below` means that the model avoids the right answer, which it must know for that; None
    on fewer than 30 questions.
    """
    n = len(right)
    found = wilson(sum(right), n)
    chance = sum(1 / number for number in options) / n if n else 0.25
    verdict: Chance | None = None
    if n >= FEWEST and found.low is not None and found.high is not None:
        verdict = "above" if found.low > chance else "below" if found.high < chance else "at"
    return {
        **found.as_accuracy(),
        "chance": chance,
        "p_chance": against_chance(found.successes, n, chance),
        "against_chance": verdict,
    }


def _kept(change: dict[str, Any]) -> dict[str, Any]:
    """Whether at most five points were lost, and whether the whole interval says the same."""
    if change["value"] is None or change["n"] < FEWEST:
        return {"kept": None, "sure": None}
    kept = change["value"] >= -KEPT
    ends = [end for end in (change["low"], change["high"]) if end is not None]
    return {"kept": kept, "sure": all((end >= -KEPT) == kept for end in ends)}


def _by_decade(questions: Sequence[Question], right: Sequence[bool]) -> list[dict[str, Any]]:
    """Accuracy by decade; of the decade that holds the cutoff both parts, each with the years that were asked."""
    bins: dict[tuple[str, int], list[tuple[int, bool]]] = defaultdict(list)
    for question, hit in zip(questions, right, strict=True):
        if question.group in ("before", "after") and question.year is not None:
            bins[question.group, question.year - question.year % _DECADE].append((question.year, hit))
    return [
        {
            "side": side,
            "first": min(year for year, _ in some),
            "last": max(year for year, _ in some),
            **wilson(sum(hit for _, hit in some), len(some)).as_accuracy(),
        }
        for (side, _), some in sorted(bins.items(), key=lambda item: min(year for year, _ in item[1]))
    ]
