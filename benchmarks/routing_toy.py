"""Does a router find the layer at which a token is best read? On made-up states of which that is known.

    python benchmarks/routing_toy.py                     # ten minutes on one core
    python benchmarks/routing_toy.py --seeds 5 --steps 2000 --only advantage paper

States of five layers are the same sparse codes under unequal noise; each token has one layer with less noise than is usual there, that of its
strongest feature (`formation/routing/toy.py`). Every way to route trains the same BatchTopK autoencoder on as many tokens. Printed as a table in
Markdown, means with 95 % intervals over seeds (t): agreement with the best layer, and the router's report. The first line says what
a softmax regression on the same pooled states reaches that is told the best layers: no linear router can be expected to do better.
"""

import argparse
import json
import time
from typing import Any

import numpy as np
import torch
from scipy import stats

from chronolect.formation.routing import RouteConfig, RouteSae, RouteTrainer, combine_reports, router_report
from chronolect.formation.routing.report import choices
from chronolect.formation.routing.toy import LayeredToy
from chronolect.formation.sae.config import SaeConfig, SaeTraining

WAYS: dict[str, dict[str, Any]] = {
    "random": {"mode": "random"},
    "fixed": {"mode": "fixed", "fixed_layer": 0},
    "paper": {"mode": "paper"},
    "paper, soft": {"mode": "paper", "mixing": "soft"},
    "advantage": {},
    "advantage, straight through": {"straight_through": True},
    "advantage, soft": {"mixing": "soft"},
    "advantage, warm-up": {"warmup_steps": 150},
    "advantage, no balance": {"balance": 0.0},
    "advantage, per token": {"normalise": "token"},
    "straight through alone": {"straight_through": True, "advantage": 0.0},
}
PROBE_TOKENS = 20_000


def linear_ceiling(toy: LayeredToy, *, steps: int = 1000, batch: int = 1024) -> float:
    """Agreement with the best layer of a softmax regression that is trained on it."""
    width, layers = toy.features.shape[1], len(toy.layers)
    regression = torch.nn.Linear(width, layers)
    optimizer = torch.optim.Adam(regression.parameters(), lr=0.02)
    for step in range(steps):
        x, best = toy.sample(batch, seed=5_000_000 + step)
        torch.nn.functional.cross_entropy(regression(x.mean(dim=1)), best).backward()
        optimizer.step()
        optimizer.zero_grad()
    x, best = toy.sample(PROBE_TOKENS, seed=1)
    return float((regression(x.mean(dim=1)).argmax(dim=1) == best).float().mean())


def run(toy: LayeredToy, way: str, *, seed: int, steps: int, batch: int, lr: float) -> dict[str, Any]:
    """Train one router and its autoencoder; its report, with `agreement`."""
    form = SaeConfig(latents=2 * len(toy.features), k=4)
    route = RouteSae(toy.layers, toy.features.shape[1], form, RouteConfig(seed=seed, **WAYS[way]), seed=seed)
    trainer = RouteTrainer(route, SaeTraining(steps=steps, lr=lr, seed=seed))
    began = time.perf_counter()
    for step in range(steps):
        trainer.step(toy.sample(batch, seed=1_000_000 + step)[0])
    seconds = time.perf_counter() - began
    x, best = toy.sample(PROBE_TOKENS, seed=1)
    batches = x.split(4096)
    agreement = float((choices(route, batches) == best.numpy()).mean())
    return router_report(route, batches) | {"agreement": agreement, "tokens_per_s": round(steps * batch / seconds)}


def with_interval(values: list[float]) -> str:
    """Mean ± half the 95 % interval."""
    half = stats.t.ppf(0.975, len(values) - 1) * np.std(values, ddof=1) / len(values) ** 0.5
    return f"{np.mean(values):.3f} ± {half:.3f}"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--seeds", type=int, default=5)
    parser.add_argument("--steps", type=int, default=600)
    parser.add_argument("--batch", type=int, default=512)
    parser.add_argument("--lr", type=float, default=3e-3)
    parser.add_argument("--only", nargs="+", choices=list(WAYS), default=list(WAYS))
    parser.add_argument("--threads", type=int, default=1)
    parser.add_argument("--json", action="store_true", help="print one report per line instead of the table")
    args = parser.parse_args()
    torch.set_num_threads(args.threads)

    toys = [LayeredToy(seed=seed) for seed in range(args.seeds)]
    ceilings = [linear_ceiling(toy) for toy in toys]
    if not args.json:
        print(f"softmax regression told the best layers: agreement {with_interval(ceilings)}, chance 0.200\n")
        print(
            "| way | agreement | adjusted regret | regret | best fixed layer's | explained | best fixed layer's | use |"
        )
        print("|---|---|---|---|---|---|---|---|")
    for way in args.only:
        settings = {"steps": args.steps, "batch": args.batch, "lr": args.lr}
        reports = [run(toy, way, seed=seed, **settings) for seed, toy in enumerate(toys)]
        if args.json:
            for report in reports:
                print(json.dumps({"way": way, **report}), flush=True)
            continue
        combined = combine_reports(reports)
        fixed = combined["best_fixed"]
        print(
            f"| {way} | {with_interval([report['agreement'] for report in reports])}"
            f" | {with_interval([report['adjusted_regret'] for report in reports])} | {combined['regret']['value']:.3f}"
            f" | {fixed['regret']['value']:.3f} | {combined['explained_variance_routed']['value']:.3f}"
            f" | {fixed['explained_variance_routed']['value']:.3f} | {combined['usage_entropy']['value']:.2f} |",
            flush=True,
        )


if __name__ == "__main__":
    main()
