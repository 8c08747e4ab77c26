"""Temporal dropout judged: against nothing, its other schedules, an L2 penalty of the same size, and dropout of activations.

    python benchmarks/temporal_dropout.py [--seeds 8] [--steps 1000] [--rate 0.2] [--min-rate 0.05]
    python benchmarks/temporal_dropout.py --model runs/base/final --corpus packed/ [--layer 2]

On made-up activations with known features: explained variance; MCC, the mean cosine of true directions with the latents assigned to them;
agreement of seeds (the mean over other seeds of the mean cosine of assigned decoder rows, PW-MCC of arXiv:2505.20254); dead latents. On a
model's activations the same but MCC. Each condition has the same initial weights and reads the same batches, seed by seed, so differences from
`none` are paired; their 95 % intervals are Student's over seeds. The L2 penalty is fitted: on the first seed's undropped autoencoder it is as large
as what the cosine schedule's mean rate is expected to add to the loss. Agreement is paired by seed, too, whose values share partners: read its
interval as too narrow.
"""

import argparse
import itertools
from collections.abc import Callable, Iterable, Iterator
from dataclasses import replace
from math import sqrt
from pathlib import Path
from typing import Any

import numpy as np
import torch
from scipy import stats

from chronolect.formation.analysis.matching import decoder_cosines, match
from chronolect.formation.conditions import matched_l2, mean_odds
from chronolect.formation.sae.autoencoder import SparseAutoencoder
from chronolect.formation.sae.config import SaeConfig, SaeTraining
from chronolect.formation.sae.measures import measure_sae
from chronolect.formation.sae.trainer import SaeTrainer
from chronolect.formation.synth.truth import SyntheticConfig, SyntheticRun
from chronolect.formation.temporal_dropout import TemporalDropout

Batches = Callable[[int], Iterable[torch.Tensor]]  # of a seed


def conditions(base: SaeTraining, config: SaeConfig, *, rate: float, low: float, l2: float) -> dict[str, SaeTraining]:
    """The training of each condition."""
    falling = TemporalDropout(initial_rate=rate, min_rate=low, schedule="cosine", end=base.steps)
    odds = mean_odds(falling, base.steps)
    return {
        "none": base,
        f"cosine {rate:g} to {low:g}": replace(base, dropout=falling),
        f"linear {rate:g} to {low:g}": replace(base, dropout=replace(falling, schedule="linear")),
        f"constant {rate:g}": replace(base, dropout=replace(falling, schedule="constant")),
        f"constant {low:g}": replace(base, dropout=replace(falling, initial_rate=low, schedule="constant")),
        f"input {rate:g} to {low:g}": replace(base, dropout=replace(falling, granularity="input")),
        f"latent {rate:g} to {low:g}": replace(base, dropout=replace(falling, granularity="latent")),
        f"L2 {l2:.1e}": replace(base, l2=l2),
        f"activations {odds / (1 + odds):.2f}": replace(base, latent_dropout=odds / (1 + odds)),
    }


def train(config: SaeConfig, training: SaeTraining, batches: Iterable[torch.Tensor], *, seed: int) -> SparseAutoencoder:
    """One autoencoder."""
    iterator = iter(batches)
    first = next(iterator)
    sae = SparseAutoencoder(first.shape[1], config, seed=seed)
    trainer = SaeTrainer(sae, replace(training, seed=seed, dropout=replace(training.dropout, seed=seed)))
    for x in itertools.islice(itertools.chain([first], iterator), training.steps):
        trainer.step(x)
    return sae


@torch.no_grad()
def fitted_l2(sae: SparseAutoencoder, x: torch.Tensor, odds: float) -> float:
    """Weight of ‖W_enc‖² that makes it as large as the error that dropout adds on activations [B, d]: odds · Σ over active latents of Σᵢ Wᵢf² xᵢ²."""
    inside = x * sae.scale
    active = (sae.encode(x) > 0).float()
    power = inside.square() @ sae.W_enc.square()
    added = odds * float((power * active).sum())
    variance = float((inside - inside.mean(dim=0)).square().sum())
    return added / variance / float(sae.W_enc.square().sum())


def agreement(first: SparseAutoencoder | np.ndarray[Any, Any], second: SparseAutoencoder) -> float:
    """Mean cosine of decoder rows, or of given unit directions [n, d], with those assigned to them."""
    rows = first if isinstance(first, np.ndarray) else first.W_dec.detach().numpy()
    cosines = decoder_cosines(rows.astype(np.float32), second.W_dec.detach().numpy())
    partner = match(cosines)
    found = np.flatnonzero(partner >= 0)
    return float(cosines[found, partner[found]].mean())


def interval(values: np.ndarray[Any, Any]) -> str:
    """Mean with the half width of its 95 % interval."""
    half = stats.t.ppf(0.975, len(values) - 1) * values.std(ddof=1) / sqrt(len(values))
    return f"{values.mean():+.4f} ± {half:.4f}"


def judge(
    config: SaeConfig,
    base: SaeTraining,
    batches: Batches,
    probe: list[torch.Tensor],
    truth: np.ndarray[Any, Any] | None,
    *,
    seeds: int,
    rate: float,
    low: float,
) -> None:
    """Train everything and print the table."""
    odds = mean_odds(TemporalDropout(initial_rate=rate, min_rate=low, end=base.steps), base.steps)
    reference = train(config, base, batches(0), seed=0)
    l2 = fitted_l2(reference, torch.cat(probe), odds)
    print(
        f"fitted L2 {l2:.2e}; by the formula of `formation track` {matched_l2(odds, config, width=reference.width):.2e}"
    )
    values: dict[str, dict[str, np.ndarray[Any, Any]]] = {}
    for name, training in conditions(base, config, rate=rate, low=low, l2=l2).items():
        saes = [train(config, training, batches(seed), seed=seed) for seed in range(seeds)]
        measures = [measure_sae(sae, probe) for sae in saes]
        found = {"EV": np.array([m["explained_variance"] for m in measures])}
        if truth is not None:
            found["MCC"] = np.array([agreement(truth, sae) for sae in saes])
        found["agreement"] = np.array(
            [np.mean([agreement(sae, other) for other in saes if other is not sae]) for sae in saes]
        )
        found["dead"] = np.array([m["dead_share"] for m in measures])
        values[name] = found
        row = [f"{of.mean():.4f} ({interval(of - values['none'][what])})" for what, of in found.items()]
        print(f"| {name:<22} | " + " | ".join(row) + " |", flush=True)


def of_model(args: argparse.Namespace) -> tuple[Batches, list[torch.Tensor], int]:
    """Batches and probe of a model folder's residual stream, and its width."""
    from chronolect.formation.reading.activations import ActivationStream
    from chronolect.formation.reading.probe import divide
    from chronolect.models.loading import load_model
    from chronolect.training.data import PackedCorpus

    model: Any = load_model(args.model).eval()
    layer = args.layer if args.layer is not None else model.config.num_hidden_layers // 2
    texts = divide(
        PackedCorpus(args.corpus), tokens=args.probe_tokens, seq_len=args.seq_len, needed=args.steps * args.batch
    )
    tokens = {"batch_tokens": args.batch, "shuffle_tokens": 16 * args.batch}

    def read(rows: Iterable[Any], seed: int) -> Iterator[torch.Tensor]:
        yield from ActivationStream(model, [layer], rows, seed=seed, **tokens)

    kept: dict[int, list[torch.Tensor]] = {}

    def batches(seed: int) -> Iterable[torch.Tensor]:  # each seed's activations are made once for all conditions
        if seed not in kept:
            kept[seed] = list(itertools.islice(read(texts.rows(16, seed=seed), seed), args.steps))
        return kept[seed]

    probe = list(ActivationStream(model, [layer], texts.probe.rows(16), batch_tokens=4096))
    return batches, probe, model.config.hidden_size


def main() -> None:
    """Print the tables."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--seeds", type=int, default=8)
    parser.add_argument("--steps", type=int, default=1000)
    parser.add_argument("--batch", type=int, default=512)
    parser.add_argument("--rate", type=float, default=0.2)
    parser.add_argument("--min-rate", type=float, default=0.05)
    parser.add_argument("--lr", type=float, default=None, help="5e-3 on made-up activations, by size on a model's")
    parser.add_argument("--features", type=int, default=256, help="true features")
    parser.add_argument("--width", type=int, default=96, help="of made-up activations")
    parser.add_argument("--latents", type=int, default=384)
    parser.add_argument("--k", type=int, default=6)
    parser.add_argument("--model", type=Path, default=None)
    parser.add_argument("--corpus", type=Path, default=None, help="packed corpus for --model")
    parser.add_argument("--layer", type=int, default=None)
    parser.add_argument("--seq-len", type=int, default=128)
    parser.add_argument("--probe-tokens", type=int, default=30_000)
    args = parser.parse_args()
    config = SaeConfig(latents=args.latents, k=args.k)
    base = SaeTraining(steps=args.steps, warmup_steps=50, lr=args.lr, dead_after=args.steps * args.batch // 10)
    run = {"seeds": args.seeds, "rate": args.rate, "low": args.min_rate}
    if args.model is not None:
        batches, probe, width = of_model(args)
        print(f"\n{args.model}: width {width}, {args.latents} latents, k {args.k}, {args.steps} steps of {args.batch}")
        judge(config, base, batches, probe, None, **run)
        return
    made = SyntheticRun(
        SyntheticConfig(
            features=args.features, width=args.width, active=float(args.k), initial=1.0, dying=0.0, rotating=0.0
        )
    )
    print(f"\nmade up: {args.features} features in {args.width} dimensions, {args.latents} latents, k {args.k}")

    def drawn(seed: int) -> Iterable[torch.Tensor]:
        return made.activations(0, args.steps * args.batch, stream=f"train-{seed}", batch=args.batch)

    probe = list(made.activations(0, args.probe_tokens, stream="probe", batch=args.batch))
    judge(config, replace(base, lr=args.lr or 5e-3), drawn, probe, made.directions(0), **run)


if __name__ == "__main__":
    main()
