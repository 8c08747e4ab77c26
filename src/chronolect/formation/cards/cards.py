"""Feature cards: what a feature fires on, in which contexts, at the checkpoints before and after its birth. All of it is counted."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import scipy.sparse

from chronolect.formation.analysis.snapshots import read_snapshot
from chronolect.formation.cards.patterns import Firings, Pattern, Patterns, summary, title, top_values
from chronolect.formation.cards.probe_text import ProbeText
from chronolect.formation.reading.probe import Probe

if TYPE_CHECKING:
    from transformers import PreTrainedTokenizerBase

REACH = 12  # tokens shown on each side of a firing
_CONTEXTS = 4  # shown at a checkpoint
_SHOWN = 5  # checkpoints whose contexts are shown
_LISTED = 6  # tokens in a list of the most frequent
_FEWEST = 100  # firings on the probe of a feature worth a card
_GROUPS = {"word": "word", "token": "word", "after word": "context", "after": "context", "before": "context"}


def make_cards(
    series: Path,
    probe: Probe,
    tokenizer: "PreTrainedTokenizerBase",
    events: Sequence[Mapping[str, Any]],
    n: int = 12,
) -> list[dict[str, Any]]:
    """Cards of the features that say most by themselves: born or gone during training, specific, and unlike each other.

    Which features get a card is decided by the pattern of their firings (see `patterns.py`), never by a model's opinion. At
    each checkpoint a feature is the latent that `analyse` matched it with.

    Args:
        series: Folder of one series, `series/<condition>-<kind>-seed<k>`; those of other seeds lie beside it.
        probe: The probe of its snapshots.
        tokenizer: Of the model.
        events: The events of `analyse`.
        n: Cards to make at most.

    Returns:
        Of each card `feature`, `series`, `seed`, `reference_step`, `found_in`, `initial`, `birth_step_lo`, `birth_step_hi`, `seen_before`,
        `death_step_lo`, `death_step_hi`, `firings`, `firing_rate`, `title`, `summary`, `pattern` (of `Pattern`, or None), `tokens` and
        `next_tokens` (text, count, share of the strongest firings), `presence` (of every checkpoint: step, correlation; share of the
        strongest firings that fit the pattern with its interval and n; share of all that fits on which it fires), `contexts` (of some
        checkpoints: step, correlation, seed, latent, examples; an example has `tokens`, `at`, `strengths` from 0 to 1, `activation`).
    """
    stem = series.name.rpartition("-seed")[0]
    steps = sorted(int(folder.name.removeprefix("step-")) for folder in series.glob("step-*"))
    stored = _Stored(series.parent, stem)
    text = ProbeText(probe, tokenizer)
    patterns = Patterns(text)
    chosen = _choose(_candidates(events, stored, patterns), n)
    traces = _follow(chosen, steps, stored)
    return [
        _card(candidate, [trace[place] for trace in traces], patterns, stem) for place, candidate in enumerate(chosen)
    ]


@dataclass(frozen=True)
class _Candidate:
    event: Mapping[str, Any]
    pattern: Pattern | None
    firings: Firings

    @property
    def rank(self) -> tuple[bool, float]:
        """What changed during training before what did not; then by what a firing tells, and how many seeds have it."""
        still = bool(self.event["initial"]) and self.event["death_step_hi"] is None
        return still, -(self.pattern.bits if self.pattern else 0.0) * self.event["found_in"]


@dataclass(frozen=True)
class _Trace:
    """A feature at a checkpoint: the latent that is most like it, of which seed, and where that fires."""

    step: int
    seed: int
    latent: int
    correlation: float
    firings: Firings


@dataclass(frozen=True)
class _Stored:
    """The snapshots of the seeds of a series, one read at a time."""

    folder: Path
    stem: str

    def columns(self, seed: int, step: int) -> scipy.sparse.csc_matrix:
        """Codes of a snapshot by latent."""
        return read_snapshot(self.folder / f"{self.stem}-seed{seed}" / f"step-{step}").codes.tocsc()


def _firings(columns: scipy.sparse.csc_matrix, latent: int) -> Firings:
    first, last = columns.indptr[latent], columns.indptr[latent + 1]
    return Firings(columns.indices[first:last].astype(np.int64), columns.data[first:last])


def _candidates(events: Sequence[Mapping[str, Any]], stored: _Stored, patterns: Patterns) -> list[_Candidate]:
    """The features that fire often enough, best first."""
    found = []
    by_place: dict[tuple[int, int], list[Mapping[str, Any]]] = {}
    for event in events:
        if event["birth_step_hi"] is not None and event["firings"] >= _FEWEST:
            by_place.setdefault((event["seed"], event["reference_step"]), []).append(event)
    for (seed, step), members in by_place.items():
        columns = stored.columns(seed, step)
        for event in members:
            firings = _firings(columns, event["feature"])
            found.append(_Candidate(event, patterns.find(firings), firings))
    return sorted(found, key=lambda candidate: candidate.rank)


def _choose(candidates: Sequence[_Candidate], n: int) -> list[_Candidate]:
    """The first n, of which no two say the same and no group or birth takes more than half as long as there are others that are plain; by birth."""
    chosen: dict[int, _Candidate] = {}
    for strict in (True, False):
        said = {_saying(one) for one in chosen.values()}
        groups = [_group(one) for one in chosen.values()]
        births = [one.event["birth_step_hi"] for one in chosen.values()]
        for place, candidate in enumerate(candidates):
            if len(chosen) == n or candidate.pattern is None:
                continue
            group, birth = _group(candidate), candidate.event["birth_step_hi"]
            full = 2 * groups.count(group) >= n or 2 * births.count(birth) >= n
            if place in chosen or _saying(candidate) in said or (strict and (full or not candidate.pattern.plain)):
                continue
            chosen[place] = candidate
            said.add(_saying(candidate))
            groups.append(group)
            births.append(birth)
    return sorted(chosen.values(), key=lambda one: (one.rank[0], one.event["birth_step_hi"], one.rank[1]))


def _saying(candidate: _Candidate) -> str:
    """What two cards should not both say: a word, whether it is the token, stands before or comes next."""
    assert candidate.pattern is not None
    return candidate.pattern.value.strip().lower()


def _group(candidate: _Candidate) -> str:
    assert candidate.pattern is not None
    return _GROUPS.get(candidate.pattern.facet, "form")


def _follow(chosen: Sequence[_Candidate], steps: Sequence[int], stored: _Stored) -> list[list[_Trace]]:
    """By checkpoint, each feature as the latent it was matched with."""
    followed = []
    for place, step in enumerate(steps):
        traces: dict[int, _Trace] = {}
        for seed in sorted({one.event["match_seeds"][place] for one in chosen}):
            columns = stored.columns(seed, step)
            for number, one in enumerate(chosen):
                if one.event["match_seeds"][place] == seed:
                    latent = one.event["match_ids"][place]
                    traces[number] = _Trace(step, seed, latent, one.event["presence"][place], _firings(columns, latent))
        followed.append([traces[number] for number in range(len(chosen))])
    return followed


def _card(candidate: _Candidate, traces: Sequence[_Trace], patterns: Patterns, series: str) -> dict[str, Any]:
    pattern, text, event = candidate.pattern, patterns.text, candidate.event
    assert pattern is not None
    code = patterns.code(pattern.facet, pattern.value)
    presence = []
    for trace in traces:
        counted = patterns.count(trace.firings, pattern.facet, code)
        numbers = counted.as_dict() if counted else {"n": 0}
        presence.append(
            {"step": trace.step, "correlation": trace.correlation}
            | {key: numbers.get(key) for key in ("share", "low", "high", "n", "fired")}
        )
    shown = _shown([trace.step for trace in traces], event)
    strongest = candidate.firings.strongest()
    copied = (
        "feature", "seed", "reference_step", "found_in", "initial",
        "birth_step_lo", "birth_step_hi", "seen_before", "death_step_lo", "death_step_hi", "firings", "firing_rate",
    )  # fmt: skip
    return {
        "series": series,
        **{key: event[key] for key in copied},
        "title": title(pattern),
        "summary": summary(pattern),
        "pattern": pattern.as_dict(),
        "tokens": top_values(*text.facets["token"], strongest, _LISTED),
        "next_tokens": top_values(*text.facets["before"], strongest, _LISTED),
        "presence": presence,
        "contexts": [_contexts(trace, text) for trace in traces if trace.step in shown],
    }


def _shown(steps: Sequence[int], event: Mapping[str, Any]) -> set[int]:
    """The checkpoints around the birth and the death, the last, and some between: those whose contexts a reader compares."""
    born, last = steps.index(event["birth_step_hi"]), len(steps) - 1
    places = {max(0, born - 1), born, last}
    if event["death_step_hi"] is not None:
        places |= {steps.index(event["death_step_lo"]), steps.index(event["death_step_hi"])}
    for place in (0, (born + last) // 2, born // 2):
        if len(places) < _SHOWN:
            places.add(place)
    return {steps[place] for place in places}


def _contexts(trace: _Trace, text: ProbeText) -> dict[str, Any]:
    """The contexts where a latent fires most, one of each row."""
    strongest = trace.firings.strongest()
    _, first = np.unique(text.row_of(strongest), return_index=True)
    largest = float(trace.firings.values.max(initial=0.0))
    strength = dict(zip(trace.firings.places.tolist(), trace.firings.values.tolist(), strict=True))
    examples = []
    for place in strongest[np.sort(first)][:_CONTEXTS].tolist():
        tokens, middle, around = text.window(place, REACH)
        strengths = [strength.get(near, 0.0) for near in around.tolist()]
        examples.append(
            {
                "tokens": tokens,
                "at": middle,
                "strengths": [round(value / largest, 3) for value in strengths],
                "activation": strength[place],
            }
        )
    return {
        "step": trace.step,
        "correlation": trace.correlation,
        "seed": trace.seed,
        "latent": trace.latent,
        "examples": examples,
    }
