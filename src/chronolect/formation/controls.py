"""`chronolect formation controls`: what a finished following would have said, had there been no order, no tokens in common, or time the other way.

They need stored activations only. Controls that need training are conditions of `formation track` and `formation synth` (conditions.py).
"""

from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Annotated, Any, Literal, get_args, overload

import numpy as np
import scipy.sparse
from cyclopts import Parameter
from numpy.typing import NDArray

from chronolect.artifacts import read_json, stage, write_json
from chronolect.console import say
from chronolect.errors import UserError, did_you_mean
from chronolect.formation.analysis.analyse import analyse
from chronolect.formation.analysis.births import cumulative, lifetimes, states
from chronolect.formation.analysis.following import Features, features_at, look
from chronolect.formation.analysis.purity import pair
from chronolect.formation.analysis.series import AnalysisSettings, Series
from chronolect.formation.analysis.snapshots import Snapshot
from chronolect.formation.reporting import REPORT, read_series
from chronolect.statistics import Interval, bootstrap_mean

Control = Literal["shuffled-order", "permuted-tokens", "reversed-time", "seeds"]
CONTROLS: tuple[Control, ...] = get_args(Control)
RESULT = "controls.json"
_ALIKE = 0.9  # of the checkpoints must agree about a feature, whichever end it is followed from


def formation_controls(
    track: Path,
    *,
    out: Path,
    controls: Annotated[list[Control] | None, Parameter(consume_multiple=True)] = None,
    series: str | None = None,
    shuffles: int = 500,
    seed: int = 0,
) -> dict[str, Any]:
    """Judge what was followed beside what should not show it: shuffled checkpoints, permuted tokens, reversed time, fewer seeds.

    Reads the snapshots of `formation track`, `formation train` or `formation synth` with the thresholds of their report, and writes
    `controls.json`.

    Args:
        track: Folder that holds `series/` and `evaluation_report.json`.
        out: Folder to write to.
        controls: Which ones; by default all: shuffled-order, permuted-tokens, reversed-time, seeds.
        series: Condition and kind to judge, such as base-cold; that of the report's headline by default.
        shuffles: Orders of the checkpoints drawn.
        seed: Seed of orders and permutations.

    Returns:
        Each control's result, with `expected` in words and `passed`.

    Raises:
        UserError: For a folder without series, or a series that is not there.
    """
    if shuffles < 20:
        raise UserError(f"--shuffles {shuffles}: at least 20, or there is no interval")
    report = read_json(track / REPORT)
    settings = AnalysisSettings(**report["chrono_metrics"]["settings"])
    asked = series or report["chrono_metrics"]["series"]
    every = read_series(track)
    members = [one for one in every if one.group == asked]
    if not members:
        known = sorted({one.group for one in every})
        raise UserError(f"--series {asked}: not among {', '.join(known)}{did_you_mean(asked, known)}")
    wanted = list(dict.fromkeys(controls or CONTROLS))
    config = {"controls": wanted, "series": asked, "shuffles": shuffles, "seed": seed}
    work_of: dict[Control, Callable[[], dict[str, Any]]] = {
        "shuffled-order": lambda: shuffled_order(members, settings, shuffles=shuffles, seed=seed),
        "permuted-tokens": lambda: permuted_tokens(members, settings, seed=seed),
        "reversed-time": lambda: reversed_time(members, settings),
        "seeds": lambda: fewer_seeds(members, settings),
    }
    with stage(out, command="formation controls", config=config, inputs=[track]) as work:
        found = {}
        for name in wanted:
            found[name] = work_of[name]()
            say(f"{name}: {found[name]['told']}")
        write_json(work.folder / RESULT, {"schema_version": 1, "of": track.name, "series": asked, "controls": found})
        work.counts = {name: {"passed": result["passed"]} for name, result in found.items()}
    return {
        "controls": {name: {"passed": result["passed"], "told": result["told"]} for name, result in found.items()},
        "result": str(out / RESULT),
    }


def shuffled_order(
    series: Sequence[Series], settings: AnalysisSettings, *, shuffles: int = 500, seed: int = 0
) -> dict[str, Any]:
    """The births of the last checkpoint's features, had the checkpoints before it come in random orders; and purity of neighbours beside
    that of checkpoints apart.

    In order, features come one after the other; shuffled, as many are there early as late.
    """
    features = _followed(series, settings)
    before = features.presence[:, :-1]
    random = np.random.default_rng(seed)
    orders = [random.permutation(before.shape[1]) for _ in range(shuffles)]
    rises = np.array([_rise(before[:, order], settings.on) for order in orders])
    curves = np.array(
        [_born_by(np.hstack([before[:, order], features.presence[:, -1:]]), settings) for order in orders]
    )
    observed = _rise(before, settings.on)
    p = float((1 + (rises >= observed - 1e-12).sum()) / (1 + shuffles))
    adjacency = _adjacency(series, settings, seed=seed)
    low, high = np.quantile(curves, [0.025, 0.975], axis=0)
    difference = adjacency["difference"]
    # with few checkpoints even the right order is no rare one among all
    ordered = p < 0.05 and (difference["low"] or 0) > 0
    steps = [snapshot.step for snapshot in series[0].snapshots]
    return {
        "expected": "in order, more features are there late than early, and neighbours share more than checkpoints apart; shuffled, neither",
        "passed": bool(ordered and abs(float(rises.mean())) < 0.05),
        "told": f"the share present rises by {observed:.3f} in order, {rises.mean():.3f} shuffled (p {p:.3f}); "
        f"purity of neighbours {adjacency['neighbours']:.3f}, of others {adjacency['apart']:.3f}",
        "rise": {
            "in_order": observed,
            "shuffled": float(rises.mean()),
            "shuffled_low": float(np.quantile(rises, 0.025)),
            "shuffled_high": float(np.quantile(rises, 0.975)),
            "p": p,
            "shuffles": shuffles,
            "n": len(features),
        },
        "births": {
            "n": len(features),
            "curve": {
                "steps": steps,
                "share": curves.mean(axis=0).tolist(),
                "low": low.tolist(),
                "high": high.tolist(),
            },
            "in_order": _born_by(features.presence, settings).tolist(),
        },
        "adjacency": adjacency,
    }


def permuted_tokens(series: Sequence[Series], settings: AnalysisSettings, *, seed: int = 0) -> dict[str, Any]:
    """The whole analysis with the probe's tokens in another order at every checkpoint, the same for all seeds there: nothing can be
    followed any more."""
    permuted = [replace(one, snapshots=_Changed(one.snapshots, _permute(seed))) for one in series]
    found = analyse(permuted, replace(settings, decoder_optimised=True))
    events = found["feature_birth_events"]
    before_last = [event for event in events if len(event["presence"]) > 1 and _seen_elsewhere(event, settings)]
    raw = [value for value in found["purity"]["raw"] if value is not None]
    purity = float(np.mean(raw)) if raw else None
    share = len(before_last) / len(events) if events else None
    return {
        "expected": "nothing is kept, and no feature is seen at any checkpoint but its own",
        "passed": (purity or 0.0) <= 0.02 and (share or 0.0) <= 0.02,
        "told": f"purity {_number(purity)}, features seen at another checkpoint {_number(share)} of {len(events)}",
        "purity": found["purity"],
        "births": found["births"],
        "seen_elsewhere": share,
        "n": len(events),
    }


def reversed_time(series: Sequence[Series], settings: AnalysisSettings) -> dict[str, Any]:
    """The whole analysis with the checkpoints in reverse: a feature that is followed from both ends is there at the same checkpoints.

    Numbers of births and deaths need not change places: which features are followed depends on the end that one begins at, and one that comes
    gradually is born above `on` but, going back, gone only below `off`.
    """
    steps = [snapshot.step for snapshot in series[0].snapshots]
    backwards = [
        replace(one, snapshots=_Changed(_Reversed(one.snapshots), lambda s, place: replace(s, step=steps[place])))
        for one in series
    ]
    found, forwards = analyse(backwards, settings), analyse(series, settings)
    agreement, chance = _same_lives(
        forwards["feature_birth_events"], found["feature_birth_events"], steps, settings.on, settings.resamples
    )

    def counted(metrics: dict[str, Any]) -> dict[str, int]:
        events = metrics["feature_birth_events"]
        return {
            "n": len(events),
            "born": sum(not e["initial"] and e["birth_step_hi"] is not None for e in events),
            "died": sum(e["death_step_hi"] is not None for e in events),
        }

    ahead, back = counted(forwards), counted(found)
    told = f"forwards {ahead['born']} born and {ahead['died']} died of {ahead['n']}, backwards {back['born']} and {back['died']} of {back['n']}"
    if agreement.value is None or chance is None:
        told = f"{told}; too few are followed from both ends to compare them"
    else:
        told = (
            f"{agreement.n} features followed from both ends are alike at {_number(agreement.value)} of the checkpoints, "
            f"by chance at {_number(chance)}; {told}"
        )
    return {
        "expected": "a feature is there at the same checkpoints from whichever end it is followed",
        "passed": None if agreement.low is None or chance is None else agreement.low >= max(_ALIKE, chance),
        "told": told,
        "agreement": agreement.as_dict(),
        "chance": chance,
        "forwards": ahead,
        "backwards": back,
        "births": found["births"],
        "purity": found["purity"],
    }


def fewer_seeds(series: Sequence[Series], settings: AnalysisSettings) -> dict[str, Any]:
    """The whole analysis without each of the seeds in turn: whether the result hangs on one of them."""
    if len(series) < 3:
        told = f"{len(series)} seeds; leaving one out takes three"
        return {"expected": "the same result whichever seed is left out", "passed": None, "told": told}
    every = analyse(series, settings)
    without = {str(one.seed): analyse([o for o in series if o is not one], settings) for one in series}
    births = [metrics["births"]["curve"]["share"] for metrics in without.values()]
    whole = every["births"]["curve"]["share"]
    apart = max(
        abs(share - w) for curve in births for share, w in zip(curve, whole, strict=True) if None not in (share, w)
    )
    return {
        "expected": "the same result whichever seed is left out",
        "passed": bool(apart <= 0.1),
        "told": f"the birth curve moves by {apart:.3f} at most; "
        f"purity at the end {', '.join(_number(m['purity']['raw'][-1]) for m in without.values())}",
        "largest_difference": apart,
        "by_seed_left_out": {
            seed: {
                "births": metrics["births"]["curve"],
                "purity": metrics["purity"]["raw"],
                "n": metrics["births"]["n"],
            }
            for seed, metrics in without.items()
        },
    }


def _same_lives(
    ahead: Sequence[dict[str, Any]], back: Sequence[dict[str, Any]], steps: Sequence[int], on: float, resamples: int
) -> tuple[Interval, float | None]:
    """At how many of the checkpoints, but for the one where they were paired, events that follow the same feature from either end agree that it
    is there; and how many it would be with the events of other pairs (None for fewer than two pairs).

    An event that goes back is of the same feature as the one ahead that found its latent where it begins, the likest of several. What neither
    sees at any other checkpoint says nothing and is left out.
    """
    count = len(steps)
    followed: dict[tuple[int, int, int], list[tuple[float, int]]] = {}
    for number, event in enumerate(ahead):
        for place, presence in enumerate(event["presence"]):
            if presence >= on:
                key = (place, event["match_seeds"][place], event["match_ids"][place])
                followed.setdefault(key, []).append((presence, number))
    pairs = []
    for event in back:
        begins = count - 1 - steps.index(event["reference_step"])
        if same := followed.get((begins, event["seed"], event["feature"])):
            pairs.append((ahead[max(same)[1]]["presence"], event["presence"][::-1], begins))
    if not pairs:
        return bootstrap_mean([]), None
    there, again = (np.array([pair[end] for pair in pairs]) >= on for end in (0, 1))  # [pairs, C]
    asked = np.arange(count) != np.array([begins for *_, begins in pairs])[:, None]
    seen = ((there | again) & asked).any(axis=1)
    there, again, asked = there[seen], again[seen], asked[seen]
    if len(there) < 2:
        return bootstrap_mean([]), None
    alike = np.einsum("ac,bc,ac->ab", there, again, asked, dtype=float)
    alike += np.einsum("ac,bc,ac->ab", ~there, ~again, asked, dtype=float)
    alike /= asked.sum(axis=1)[:, None]
    own = alike.diagonal()
    others = (alike.sum() - own.sum()) / (len(own) * (len(own) - 1))
    return bootstrap_mean(own.tolist(), resamples=resamples), float(others)


def _followed(series: Sequence[Series], settings: AnalysisSettings) -> Features:
    """The last checkpoint's features with their presence at every checkpoint."""
    count = len(series[0].snapshots)
    features = features_at(series, count - 1, settings)
    for checkpoint in range(count):
        look(features, series, checkpoint)
    return features


def _rise(presence: NDArray[np.float64], on: float) -> float:
    """By how much the share of the features that are there rises from the first checkpoint to the last, on the line through all; [n, C]."""
    there = (presence >= on).mean(axis=0)
    places = np.linspace(-0.5, 0.5, len(there))
    return float(there @ places / (places @ places))


def _born_by(presence: NDArray[np.float64], settings: AnalysisSettings) -> NDArray[np.float64]:
    """Share of the features born by each checkpoint, [C]."""
    lives = lifetimes(states(presence, on=settings.on, off=settings.off, hold=settings.hold))
    count = presence.shape[1]
    return cumulative(np.where(lives.born < 0, count - 1, lives.absent), lives.born, count)


def _adjacency(series: Sequence[Series], settings: AnalysisSettings, *, seed: int) -> dict[str, Any]:
    """Purity over one step of neighbouring checkpoints, and of as many pairs that are further apart."""
    count = len(series[0].snapshots)
    near = [(place, place + 1) for place in range(count - 1)]
    far = [(first, second) for first in range(count) for second in range(first + 2, count)]
    random = np.random.default_rng(seed)
    chosen = [far[place] for place in sorted(random.permutation(len(far))[: len(near)])]

    def share(first: int, second: int) -> float:
        kept = []
        for one in series:
            pairs = pair(one.snapshots[second], [one.snapshots[first]], settings)
            if len(pairs.mass):
                kept.append(float(pairs.kept(settings.headline, settings.correlation, settings.cosine)[0].mean()))
        return float(np.mean(kept)) if kept else 0.0

    neighbours, apart = [share(*two) for two in near], [share(*two) for two in chosen]
    mean = float(np.mean(apart)) if apart else 0.0
    difference = bootstrap_mean([value - mean for value in neighbours], seed=seed)
    return {
        "neighbours": float(np.mean(neighbours)),
        "apart": mean,
        "difference": difference.as_dict(),
        "pairs": {"neighbours": len(near), "apart": len(chosen)},
    }


class _Changed(Sequence[Snapshot]):
    """Snapshots that are changed as they are read."""

    def __init__(self, snapshots: Sequence[Snapshot], change: Callable[[Snapshot, int], Snapshot]) -> None:
        self.snapshots, self.change = snapshots, change

    @overload
    def __getitem__(self, place: int) -> Snapshot: ...

    @overload
    def __getitem__(self, place: slice) -> list[Snapshot]: ...

    def __getitem__(self, place: int | slice) -> Snapshot | list[Snapshot]:
        if isinstance(place, slice):
            return [self[one] for one in range(*place.indices(len(self)))]
        place = range(len(self))[place]  # counted from the first, and refused past the last
        return self.change(self.snapshots[place], place)

    def __len__(self) -> int:
        return len(self.snapshots)


class _Reversed(_Changed):
    """Snapshots from the last to the first."""

    def __init__(self, snapshots: Sequence[Snapshot]) -> None:
        super().__init__(snapshots, lambda _, place: snapshots[len(snapshots) - 1 - place])


def _permute(seed: int) -> Callable[[Snapshot, int], Snapshot]:
    def change(snapshot: Snapshot, place: int) -> Snapshot:
        order = np.random.default_rng([seed, place]).permutation(snapshot.codes.shape[0])
        return replace(snapshot, codes=scipy.sparse.csr_matrix(snapshot.codes[order]))

    return change


def _seen_elsewhere(event: dict[str, Any], settings: AnalysisSettings) -> bool:
    """Whether a feature is present at two checkpoints or more (one is its own)."""
    return sum(value >= settings.on for value in event["presence"]) > 1


def _number(value: float | None) -> str:
    return "undefined" if value is None else f"{value:.3f}"
