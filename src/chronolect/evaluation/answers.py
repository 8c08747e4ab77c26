"""Asking a model the horizon probes: what it thinks of each option, kept apart from how that is graded."""

import json
import random
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass
from statistics import fmean, pstdev
from typing import Any, Literal, get_args

from chronolect.chronicle.probes import Probe
from chronolect.console import progress
from chronolect.models.language_model import LanguageModel

Scoring = Literal["calibrated", "empty", "raw"]
SCORINGS: tuple[Scoring, ...] = get_args(Scoring)

_LEAST_SPREAD = 0.5  # nats
_SLICE = 4_096  # requests handed to a model at once


@dataclass(frozen=True)
class Answer:
    """What a model made of a probe.

    Attributes:
        model: The model's name.
        probe: The probe's id.
        scores: For each scoring, the score of each option in nats, in the probe's order (the right one first).
        picks: For each scoring, the number of the option with the highest score.
    """

    model: str
    probe: str
    scores: dict[Scoring, tuple[float, ...]]
    picks: dict[Scoring, int]

    def line(self, probe: Probe) -> str:
        """As a JSON line, with the options' texts and tags so that it can be read by itself."""
        options = [asdict(option) for option in probe.options]
        return json.dumps({**asdict(self), "options": options}, ensure_ascii=False) + "\n"


def ask(model: LanguageModel, name: str, probes: Sequence[Probe], *, references: int | None = None) -> Iterator[Answer]:
    """Score every option of every probe in three ways.

    `raw` is log p(option | prompt). `empty` subtracts log p(option) after nothing at all. `calibrated` compares raw with log p(option | reference)
    over the probe's references, prompts about other facts of the same type, and says how many standard deviations it lies above their mean: what
    is left is what *this* prompt says for the option. It is contextual calibration (Zhao et al. 2021, arXiv:2102.09690) with real prompts; the
    spread matters as well as the mean, for what a model says of names it knows varies far more than of names it has never read. A probe without
    references is calibrated on nothing.

    Args:
        model: The model.
        name: What to call it.
        probes: The probes.
        references: How many of each probe's references to use; by default all.
    """
    wanted: dict[str, dict[str, None]] = {}
    for probe in probes:
        for context in (probe.prompt, "", *probe.references[:references]):
            wanted.setdefault(context, {}).update((option.text, None) for option in probe.options)
    requests = [(context, option) for context, options in wanted.items() for option in options]
    slices = [requests[start : start + _SLICE] for start in range(0, len(requests), _SLICE)]
    found: dict[tuple[str, str], float] = {}
    for some in progress(slices, label=f"{name}: {len(requests):,} scores", total=len(slices)):
        found.update(zip(some, (score.logprob for score in model.loglikelihoods(some)), strict=True))
    for probe in probes:
        raw, empty, calibrated = [], [], []
        for option in probe.options:
            prior = found["", option.text]
            after = [found[reference, option.text] for reference in probe.references[:references]]
            raw.append(found[probe.prompt, option.text])
            empty.append(raw[-1] - prior)
            calibrated.append(_standardised(raw[-1], after) if after else raw[-1] - prior)
        scores: dict[Scoring, tuple[float, ...]] = {
            "calibrated": tuple(calibrated),
            "empty": tuple(empty),
            "raw": tuple(raw),
        }
        yield Answer(name, probe.id, scores, {how: _pick(some, probe.id) for how, some in scores.items()})


def _standardised(score: float, references: Sequence[float]) -> float:
    """How far a score lies above those under the references, in their standard deviations (plus half a nat, for a few may agree by chance)."""
    return (score - fmean(references)) / (pstdev(references) + _LEAST_SPREAD)


def _pick(scores: Sequence[float], probe: str) -> int:
    """The option with the highest score; a tie is broken by lot, not in favour of the first, which is the right one."""
    best = max(scores)
    return random.Random(f"tie in {probe}").choice([place for place, score in enumerate(scores) if score == best])


def complete(
    model: LanguageModel, probes: Sequence[Probe], *, aliases: dict[str, tuple[str, ...]], max_tokens: int = 16
) -> list[dict[str, Any]]:
    """Let the model finish each prompt by itself, greedily, and look for the answer or an alias of it in the first line."""
    texts = model.generate([probe.prompt for probe in probes], max_tokens=max_tokens, stop=["\n"])
    return [
        {
            "probe": probe.id,
            "prompt": probe.prompt,
            "answer": probe.answer,
            "text": text,
            "exact": _names(text, (probe.answer, *aliases.get(probe.fact, ()))),
        }
        for probe, text in zip(probes, texts, strict=True)
    ]


def _names(text: str, answers: Sequence[str]) -> bool:
    words = f" {' '.join(_bare(text))} "
    return any(f" {' '.join(_bare(answer))} " in words for answer in answers if _bare(answer))


def _bare(text: str) -> list[str]:
    return "".join(letter if letter.isalnum() else " " for letter in text.casefold()).split()
