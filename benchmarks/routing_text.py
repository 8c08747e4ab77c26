"""Ways to route over a real model's layers: do the choices mean anything, and what does each cost the model when spliced in?

    python benchmarks/routing_text.py runs/small/final corpus/packed --tokens 500000

All routers and seeds learn from one pass over the model's activations, on documents apart from the probe. Printed as a table in Markdown: means
with 95 % intervals over seeds (t). The autoencoder of random layers is the impartial judge of the others' choices.
"""

import argparse
import itertools
from pathlib import Path
from typing import Any

import torch

from chronolect.formation.reading.activations import ActivationStream
from chronolect.formation.reading.probe import divide
from chronolect.formation.routing import (
    RouteConfig,
    RouteSae,
    RouteTrainer,
    combine_reports,
    middle_layers,
    routed_splice_measures,
    router_report,
)
from chronolect.formation.sae.config import SaeConfig, SaeTraining
from chronolect.models.loading import load_model
from chronolect.training.data import PackedCorpus

ROWS = 16


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("model", help="model folder")
    parser.add_argument("corpus", type=Path, help="packed corpus with the model's tokenizer")
    parser.add_argument(
        "--layers", type=int, nargs="+", help="blocks to route among; by default those of the middle half"
    )
    parser.add_argument("--tokens", type=int, default=500_000, help="that each autoencoder learns from")
    parser.add_argument("--probe-tokens", type=int, default=8192)
    parser.add_argument("--spliced-tokens", type=int, default=4096)
    parser.add_argument("--latents", type=int, default=1024)
    parser.add_argument("--k", type=int, default=16)
    parser.add_argument("--batch", type=int, default=1024)
    parser.add_argument("--lr", type=float, default=1e-3)
    parser.add_argument("--seeds", type=int, default=3)
    parser.add_argument("--fixed", action="store_true", help="also train on every layer alone")
    parser.add_argument("--threads", type=int, default=1)
    args = parser.parse_args()
    torch.set_num_threads(args.threads)

    model = load_model(args.model).eval()
    width, layers = model.config.hidden_size, args.layers or middle_layers(model.config.num_hidden_layers)
    texts = divide(PackedCorpus(args.corpus), tokens=args.probe_tokens, seq_len=model.config.max_position_embeddings)
    ways: dict[str, dict[str, Any]] = {
        "advantage": {},
        "straight through alone": {"straight_through": True, "advantage": 0.0},
        "never trained": {"advantage": 0.0, "balance": 0.0},
        "paper": {"mode": "paper"},
        "random": {"mode": "random"},
    }
    if args.fixed:
        ways |= {f"layer {layer}": {"mode": "fixed", "fixed_layer": layer} for layer in layers}
    steps = args.tokens // args.batch
    trainers: dict[str, list[RouteTrainer]] = {way: [] for way in ways}
    for way, seed in itertools.product(ways, range(args.seeds)):
        form = SaeConfig(latents=args.latents, k=args.k)
        route = RouteSae(layers, width, form, RouteConfig(seed=seed, **ways[way]), seed=seed)
        trainers[way].append(RouteTrainer(route, SaeTraining(steps=steps, lr=args.lr, seed=seed)))

    rows = texts.rows(ROWS, seed=0)
    stream = ActivationStream(model, layers, rows, batch_tokens=args.batch, shuffle_tokens=16 * args.batch)
    for x in itertools.islice(stream, steps):
        for trainer in itertools.chain.from_iterable(trainers.values()):
            trainer.step(x)

    probe = [x[kept] for x, kept in ActivationStream(model, layers, texts.probe.rows(ROWS)).forward()]
    spliced = list(itertools.islice(texts.probe.rows(ROWS), -(-args.spliced_tokens // (ROWS * texts.seq_len))))
    print(
        f"{args.model}, layers {layers}, {steps * args.batch:,} tokens, {args.seeds} seeds, probe of {sum(map(len, probe)):,}\n"
    )
    print(
        "| way | adjusted regret | by the impartial judge | regret | best layer's | explained | best layer's | use "
        "| delta-CE | KL | recovered (mean) |"
    )
    print("|---|---|---|---|---|---|---|---|---|---|---|")
    for way, group in trainers.items():
        pairs = zip(group, trainers["random"], strict=True)
        combined = combine_reports([router_report(one.route, probe, judge=judge.route) for one, judge in pairs])
        adjusted, fixed = combined["adjusted_regret"], combined["best_fixed"]
        impartial = combined["impartial"]["adjusted_regret"]
        costs = [routed_splice_measures(model, trainer.route, spliced) for trainer in group]
        delta, kl, recovered = (
            sum(cost[name] for cost in costs) / len(costs) for name in ("delta_ce", "kl", "loss_recovered_mean")
        )
        print(
            f"| {way} | {adjusted['value']:.3f} [{adjusted['low']:.3f}, {adjusted['high']:.3f}]"
            f" | {impartial['value']:.3f} [{impartial['low']:.3f}, {impartial['high']:.3f}] | {combined['regret']['value']:.3f}"
            f" | {fixed['regret']['value']:.3f} | {combined['explained_variance_routed']['value']:.3f}"
            f" | {fixed['explained_variance_routed']['value']:.3f} | {combined['usage_entropy']['value']:.2f}"
            f" | {delta:.3f} | {kl:.3f} | {recovered:.3f} |",
            flush=True,
        )
        print(f"  layers {combined['explained_variance']}, use {combined['usage']}; {combined['verdict']}", flush=True)


if __name__ == "__main__":
    main()
