"""Whether a router's choices mean anything.

Even use of layers is no sign of it: a random router is the most even of all. What counts is how near its choices come to the best ones, and there the
difficulty of layers has to be taken out first: where one layer is easier than the others for all tokens, always to read that one beats every
router, and says nothing about any token.

Errors: e[b, r] = |û - u|² over the variance of layer r, of token b read at layer r, in normalised units. Regret of choices r(b):

    (mean e[b, r(b)] - mean min over r) / (mean over all r - mean min over r),

0 for the best choices, 1 for random ones. The adjusted regret is that of e[b, r] - mean over b: any fixed layer scores 1.

One trap is left. An autoencoder learns what it is given: a kind of token that is never read at a layer is badly reconstructed there for that reason
alone, and whatever the router chose comes to look right. On a real model even routers that never learned passed by their own autoencoders
(docs/routing.md), so that a verdict in a router's favour takes an impartial judge: an autoencoder that was trained on random layers.
"""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from scipy import stats
from torch import Tensor

from chronolect.formation.routing.model import RouteSae
from chronolect.formation.routing.trainer import entropy
from chronolect.formation.sae.measures import ExplainedVariance

FEWEST_SEEDS = 3
INFORMATIVE = 0.9  # adjusted regret that the upper end of the interval must stay below
_OVER_SEEDS = ("regret", "adjusted_regret", "usage_entropy", "explained_variance_routed")


@torch.no_grad()
def router_report(route: RouteSae, batches: Iterable[Tensor], *, judge: RouteSae | None = None) -> dict[str, Any]:
    """What a router does on states of tokens, beside a random router and the best fixed layer.

    Args:
        route: A trained one.
        batches: States [B, R, d] in the model's units; N tokens in all, of which N · R numbers are held.
        judge: Another of the same layers, trained in mode `random`.

    Returns:
        `mode`, `layers`, `tokens`; `explained_variance` of the one autoencoder on every layer; `explained_variance_routed`, the mean
        over tokens of 1 - e at the layer chosen; `usage` and `mean_probability` (None where nothing is learned) by layer,
        `usage_entropy` (1: even), `regret`, `adjusted_regret`; under `random` and `best_fixed` the same of their choices;
        under `impartial` those of the router's choices by the judge's errors, None without one; `informative` (None: one report alone
        cannot tell) and `verdict`, a sentence.
    """
    places, own, impartial = [], _Errors(route), _Errors(judge) if judge else None
    probability = torch.zeros(len(route.layers), dtype=torch.float64)
    for batch in batches:
        x = batch.to(route.router.device)
        places.append(route.choose(x).cpu())
        own.update(x)
        if impartial:
            impartial.update(x)
        if route.routing.learns:
            probability += route.probabilities(route.normalised(x)).double().sum(dim=0).cpu()
    chosen, e = torch.cat(places), own.values()
    generator = torch.Generator().manual_seed(route.routing.seed)
    drawn = torch.randint(len(route.layers), (len(e),), generator=generator)
    fixed = int(e.mean(dim=0).argmin())
    report = {
        "mode": route.routing.mode,
        "layers": list(route.layers),
        "tokens": len(e),
        "explained_variance": (1 - e.mean(dim=0)).tolist(),
        **_of_choices(e, chosen),
        "mean_probability": (probability / len(e)).tolist() if route.routing.learns else None,
        "random": _of_choices(e, drawn),
        "best_fixed": {"layer": route.layers[fixed], **_of_choices(e, torch.full_like(chosen, fixed))},
        "impartial": _of_choices(impartial.values(), chosen) if impartial else None,
    }
    return _judged(report, n=1)


def combine_reports(reports: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
    """Reports of the same routing from several seeds as one: means, with 95 % intervals (t) where there are at least three.

    The numbers of single reports become `{"value", "low", "high", "n"}`; the rows `explained_variance`, `usage` and `mean_probability`
    become means. A router counts as informative where, over at least three seeds, the intervals of its adjusted regret lie below 0.9, by its
    own autoencoder and by an impartial one.
    """
    first = reports[0]
    combined: dict[str, Any] = {
        "mode": first["mode"],
        "layers": first["layers"],
        "tokens": sum(report["tokens"] for report in reports),
        **_over_seeds(reports),
        "explained_variance": _mean_row([report["explained_variance"] for report in reports]),
        "usage": _mean_row([report["usage"] for report in reports]),
        "mean_probability": (
            None if first["mean_probability"] is None else _mean_row([report["mean_probability"] for report in reports])
        ),
        "random": _over_seeds([report["random"] for report in reports]),
        "best_fixed": {
            "layer": [report["best_fixed"]["layer"] for report in reports],
            **_over_seeds([report["best_fixed"] for report in reports]),
        },
        "impartial": _over_seeds([report["impartial"] for report in reports]) if first["impartial"] else None,
    }
    return _judged(combined, n=len(reports))


@torch.no_grad()
def choices(route: RouteSae, batches: Iterable[Tensor]) -> NDArray[np.int64]:
    """Which layer each token is read at, as places in `route.layers`, [N]."""
    return torch.cat([route.choose(batch.to(route.router.device)).cpu() for batch in batches]).numpy()


def router_agreement(first: NDArray[Any], second: NDArray[Any], *, layers: int) -> dict[str, Any]:
    """How far two routers, for instance of two checkpoints, read the same tokens at the same layers.

    Args:
        first: `choices` of the one, [N].
        second: Those of the other on the same tokens, [N].
        layers: How many there are.

    Returns:
        `agreement`, a share of tokens, and `kappa` (Cohen 1960), the same beyond what their use of layers gives by chance: 0 for
        chance, 1 for equality, None where both always choose the same one layer.
    """
    same = float((first == second).mean())
    uses = [np.bincount(choice, minlength=layers) / len(choice) for choice in (first, second)]
    chance = float(uses[0] @ uses[1])
    return {"agreement": same, "kappa": (same - chance) / (1 - chance) if chance < 1 else None}


def router_table(report: Mapping[str, Any]) -> str:
    """The verdict, and the numbers that it rests on, as lines of text; of a single report or a combined one."""
    lines = [f"{'':12}{'explained':>11}{'regret':>9}{'adjusted':>22}{'use':>7}"]
    rows = {"router": report, "impartially": report["impartial"]} if report["impartial"] else {"router": report}
    for name, row in (rows | {"random": report["random"], "best layer": report["best_fixed"]}).items():
        adjusted, value = row["adjusted_regret"], _value(row["adjusted_regret"])
        span = (
            f" [{adjusted['low']:.3f}, {adjusted['high']:.3f}]"
            if isinstance(adjusted, Mapping) and adjusted["low"] is not None
            else ""
        )
        lines.append(
            f"{name:12}{_value(row['explained_variance_routed']):>11.4f}{_value(row['regret']):>9.3f}"
            f"{f'{value:.3f}{span}':>22}{_value(row['usage_entropy']):>7.2f}"
        )
    by_layer = ", ".join(
        f"{layer}: {explained:.3f} ({used:.0%})"
        for layer, explained, used in zip(report["layers"], report["explained_variance"], report["usage"], strict=True)
    )
    return "\n".join([*lines, f"by layer, explained variance (use): {by_layer}", report["verdict"]])


class _Errors:
    """Squared errors of every token at every layer, over the layers' variances."""

    def __init__(self, route: RouteSae) -> None:
        self.route = route
        self._errors: list[Tensor] = []
        self._variances = [ExplainedVariance() for _ in route.layers]

    def update(self, x: Tensor) -> None:
        """Add states [B, R, d]."""
        u = self.route.normalised(x)
        self._errors.append(self.route.squared_errors(u).cpu())
        for place, variance in enumerate(self._variances):
            variance.update(u[:, place], u[:, place])

    def values(self) -> Tensor:
        """e, float64 [N, R]."""
        variances = torch.tensor([variance.variance / variance.tokens for variance in self._variances])
        return torch.cat(self._errors).double() / variances


def _of_choices(e: Tensor, chosen: Tensor) -> dict[str, Any]:
    usage = torch.bincount(chosen, minlength=e.shape[1]).double() / len(chosen)
    return {
        "explained_variance_routed": float(1 - e.gather(1, chosen[:, None]).mean()),
        "usage": usage.tolist(),
        "usage_entropy": float(entropy(usage)),
        "regret": _regret(e, chosen),
        "adjusted_regret": _regret(e - e.mean(dim=0), chosen),
    }


def _regret(e: Tensor, chosen: Tensor) -> float:
    best = e.min(dim=1).values.mean()
    return float((e.gather(1, chosen[:, None]).mean() - best) / (e.mean() - best))


def _judged(report: dict[str, Any], *, n: int) -> dict[str, Any]:
    informative: bool | None = None
    if report["mode"] not in ("advantage", "paper"):
        verdict = f"no router to judge: layers are {report['mode']}"
    elif n < FEWEST_SEEDS:
        verdict = f"router not judged: {n} seed{'s' * (n > 1)}, and it takes {FEWEST_SEEDS}"
    else:
        judges = {"its own": report, "an impartial": report["impartial"]}
        failed = [who for who, row in judges.items() if row and row["adjusted_regret"]["high"] >= INFORMATIVE]
        numbers = "(0 best choices, 1 random ones or any fixed layer)"
        if failed:
            informative = False
            verdict = f"router uninformative: adjusted regret not below {INFORMATIVE} over {n} seeds {numbers}, by {failed[-1]} autoencoder"
        elif report["impartial"]:
            informative = True
            verdict = f"router informative: adjusted regret below {INFORMATIVE} over {n} seeds {numbers}, by an impartial autoencoder, too"
        else:
            verdict = (
                f"router not judged: adjusted regret below {INFORMATIVE} over {n} seeds by its own autoencoder, which may know no better; "
                "that takes one of random layers"
            )
    return report | {"informative": informative, "verdict": verdict}


def _over_seeds(rows: Sequence[Mapping[str, Any]]) -> dict[str, dict[str, Any]]:
    combined = {}
    for name in _OVER_SEEDS:
        values = np.array([row[name] for row in rows])
        half = None
        if len(values) >= FEWEST_SEEDS:
            half = float(stats.t.ppf(0.975, len(values) - 1) * values.std(ddof=1) / np.sqrt(len(values)))
        mean = float(values.mean())
        low, high = (None, None) if half is None else (mean - half, mean + half)
        if low is not None and high is not None and name == "usage_entropy":  # a share of the highest there can be
            low, high = max(low, 0.0), min(high, 1.0)
        combined[name] = {"value": mean, "low": low, "high": high, "n": len(values)}
    return combined


def _mean_row(rows: Sequence[Sequence[float]]) -> list[float]:
    return [float(value) for value in np.mean(rows, axis=0)]


def _value(number: Any) -> float:
    return float(number["value"] if isinstance(number, Mapping) else number)
