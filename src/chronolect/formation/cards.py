"""Feature cards: what a feature fires on, in which contexts, at the checkpoints before and after its birth. All of it is counted."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import scipy.sparse

from chronolect.formation.matching import best_correlations
from chronolect.formation.patterns import Firings, Pattern, Patterns, summary, top_values
from chronolect.formation.probe import Probe
from chronolect.formation.probe_text import ProbeText
from chronolect.formation.snapshots import Snapshot, read_snapshot

if TYPE_CHECKING:
    from transformers import PreTrainedTokenizerBase

REACH = 12  # tokens shown on each side of a firing
_CONTEXTS = 4  # shown at a checkpoint
_SHOWN = 5  # checkpoints whose contexts are shown
_LISTED = 6  # tokens in a list of the most frequent
_POOL = 6  # candidates for each card that are looked up in the other seeds
_FOUND = 0.5  # correlation from which a latent of another seed is the same feature
_FEWEST = 100  # firings on the probe of a feature worth a card
_GROUPS = {"word": "word", "token": "word", "after word": "context", "after": "context", "before": "context"}


def make_cards(
    series: Path,
    probe: Probe,
    tokenizer: "PreTrainedTokenizerBase",
    events: Sequence[Mapping[str, Any]],
    n: int = 12,
) -> list[dict[str, Any]]:
    """Cards of the features that say most by themselves: born during training, specific, and unlike each other.

    A feature is a latent of the last autoencoder of `series`. At each checkpoint it is followed to the latent whose
    activations on the probe correlate most with its own, in the series of any seed. Which features get a card is decided by
    the pattern of their firings (see `patterns.py`), never by a model's opinion.

    Args:
        series: Folder of the series whose last dictionary is the reference, `series/<condition>-<kind>-seed<k>`; the series of other
            seeds lie beside it.
        probe: The probe of its snapshots.
        tokenizer: Of the model.
        events: Birth events, of which `feature`, `seed`, `initial`, `birth_step_lo`, `birth_step_hi` are read.
        n: Cards to make at most.

    Returns:
        Of each card `feature`, `series`, `seed`, `initial`, `birth_step_lo`, `birth_step_hi`, `firings`, `firing_rate`, `summary`,
        `pattern` (of `Pattern`, or None), `tokens` and `next_tokens` (text, count, share of the strongest firings), `presence` (of every
        checkpoint: step, correlation, pattern share with its interval and n, recall), `contexts` (of some checkpoints: step, correlation,
        seed, latent, examples; an example has `tokens`, `at`, `strengths` from 0 to 1 and the `activation`).
    """
    stem, _, seed = series.name.rpartition("-seed")
    folders = sorted(series.parent.glob(f"{stem}-seed*"), key=lambda folder: folder != series)
    steps = sorted(int(folder.name.removeprefix("step-")) for folder in series.glob("step-*"))
    reference = read_snapshot(series / f"step-{steps[-1]}")
    text = ProbeText(probe, tokenizer)
    looked_at = Patterns(text)
    columns = reference.codes.tocsc()
    candidates = _candidates(columns, looked_at, [event for event in events if str(event["seed"]) == seed])
    others = (read_snapshot(folder / f"step-{steps[-1]}") for folder in folders[1:])
    chosen = _choose(_agreed(candidates[: _POOL * n], columns, others), n)
    if not chosen:
        return []
    traces = _follow(columns[:, [one.feature for one in chosen]].tocsr(), folders, steps, reference)
    return [
        _card(candidate, [trace[place] for trace in traces], looked_at, series.name, int(seed))
        for place, candidate in enumerate(chosen)
    ]


@dataclass(frozen=True)
class _Candidate:
    event: Mapping[str, Any]
    pattern: Pattern | None
    firings: Firings
    seeds: int = 1  # of the series that have it at the last checkpoint

    @property
    def feature(self) -> int:
        return int(self.event["feature"])

    @property
    def rank(self) -> tuple[bool, float]:
        """Born features before initial ones; then by what a firing tells."""
        return bool(self.event["initial"]), -(self.pattern.bits if self.pattern else 0.0) * self.seeds


@dataclass(frozen=True)
class _Trace:
    """A feature at a checkpoint: the latent that correlates most, of which seed, and where it fires."""

    step: int
    seed: int
    latent: int
    correlation: float
    firings: Firings


def _column(columns: scipy.sparse.csc_matrix, latent: int) -> Firings:
    first, last = columns.indptr[latent], columns.indptr[latent + 1]
    return Firings(columns.indices[first:last].astype(np.int64), columns.data[first:last])


def _candidates(
    columns: scipy.sparse.csc_matrix, patterns: Patterns, events: Sequence[Mapping[str, Any]]
) -> list[_Candidate]:
    """The features that fire often enough, best first."""
    found = []
    for event in events:
        firings = _column(columns, int(event["feature"]))
        if event["birth_step_hi"] is not None and len(firings.places) >= _FEWEST:
            found.append(_Candidate(event, patterns.find(firings), firings))
    return sorted(found, key=lambda candidate: candidate.rank)


def _agreed(
    candidates: Sequence[_Candidate], columns: scipy.sparse.csc_matrix, others: Iterable[Snapshot]
) -> list[_Candidate]:
    """The same with how many seeds have them at the last checkpoint, best first."""
    if not candidates:
        return []
    own = columns[:, [candidate.feature for candidate in candidates]].tocsr()
    seeds = np.ones(len(candidates), dtype=np.int64)
    for other in others:
        seeds += best_correlations(own, other.codes)[0] >= _FOUND
    agreed = [replace(candidate, seeds=int(count)) for candidate, count in zip(candidates, seeds, strict=True)]
    return sorted(agreed, key=lambda candidate: candidate.rank)


def _choose(candidates: Sequence[_Candidate], n: int) -> list[_Candidate]:
    """The first n, of which no two say the same and no group or birth takes more than half, as long as there are others."""
    chosen: list[_Candidate] = []
    for strict in (True, False):
        said = {(one.pattern.facet, one.pattern.value.strip().lower()) for one in chosen if one.pattern}
        groups = [_group(one) for one in chosen]
        births = [one.event["birth_step_hi"] for one in chosen]
        for candidate in candidates:
            if len(chosen) == n:
                break
            if candidate.pattern is None or any(candidate.feature == one.feature for one in chosen):
                continue
            saying = (candidate.pattern.facet, candidate.pattern.value.strip().lower())
            group, birth = _group(candidate), candidate.event["birth_step_hi"]
            full = groups.count(group) * 2 >= n or births.count(birth) * 2 >= n
            if saying in said or (strict and full):
                continue
            chosen.append(candidate)
            said.add(saying)
            groups.append(group)
            births.append(birth)
    return sorted(chosen, key=lambda candidate: candidate.rank)


def _group(candidate: _Candidate) -> str:
    assert candidate.pattern is not None
    return _GROUPS.get(candidate.pattern.facet, "form")


def _follow(
    own: scipy.sparse.csr_matrix, folders: Sequence[Path], steps: Sequence[int], reference: Snapshot
) -> list[list[_Trace]]:
    """By checkpoint, of each feature the latent of any seed that correlates most with it on the probe."""
    followed = []
    for step in steps:
        best: list[_Trace | None] = [None] * own.shape[1]
        for folder in folders:
            last = step == steps[-1] and folder == folders[0]
            snapshot = reference if last else read_snapshot(folder / f"step-{step}")
            seed = int(folder.name.rpartition("-seed")[2])
            columns = snapshot.codes.tocsc()
            for place, (correlation, latent) in enumerate(zip(*best_correlations(own, snapshot.codes), strict=True)):
                known = best[place]
                if known is None or correlation > known.correlation:
                    best[place] = _Trace(step, seed, int(latent), float(correlation), _column(columns, int(latent)))
        followed.append([trace for trace in best if trace is not None])
    return followed


def _card(
    candidate: _Candidate, traces: Sequence[_Trace], patterns: Patterns, series: str, seed: int
) -> dict[str, Any]:
    pattern, text, event = candidate.pattern, patterns.text, candidate.event
    strongest = candidate.firings.strongest()
    presence = []
    for trace in traces:
        counted = None
        if pattern is not None:
            counted = patterns.count(trace.firings, pattern.facet, patterns.code(pattern.facet, pattern.value))
        presence.append(
            {
                "step": trace.step,
                "correlation": trace.correlation,
                "share": counted.share if counted else None,
                "low": counted.low if counted else None,
                "high": counted.high if counted else None,
                "n": counted.n if counted else 0,
                "fired": counted.fired if counted else None,
            }
        )
    shown = _shown([trace.step for trace in traces], event)
    codes, names = text.facets["token"]
    following, next_names = text.facets["before"]
    return {
        "feature": candidate.feature,
        "series": series,
        "seed": seed,
        "seeds": candidate.seeds,
        "initial": bool(event["initial"]),
        "birth_step_lo": event["birth_step_lo"],
        "birth_step_hi": event["birth_step_hi"],
        "firings": len(candidate.firings.places),
        "firing_rate": len(candidate.firings.places) / len(text),
        "summary": summary(pattern),
        "pattern": pattern.as_dict() if pattern else None,
        "tokens": top_values(codes, names, strongest, _LISTED),
        "next_tokens": top_values(following, next_names, strongest, _LISTED),
        "presence": presence,
        "contexts": [_contexts(trace, text) for trace in traces if trace.step in shown],
    }


def _shown(steps: Sequence[int], event: Mapping[str, Any]) -> set[int]:
    """The checkpoints around the birth, the last, and some between: those whose contexts a reader compares."""
    born = steps.index(event["birth_step_hi"])
    places = {max(0, born - 1), born, len(steps) - 1}
    for place in (0, (born + len(steps) - 1) // 2, born // 2):
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
