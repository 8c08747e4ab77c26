"""How fast autoencoders train: chronolect, SAELens and sparsify on the same activations, turn about in one run.

    pip install -e ".[sae,bench]"
    python benchmarks/sae_speed.py                     # a few minutes on two cores
    python benchmarks/sae_speed.py --tokens 4096 --latents 16384 --width 768 --device cuda

Each trainer takes `--steps` whole optimizer steps in its turn: forward, backward, optimizer, decoder norms, counts of dead latents, all
that it does in its own loop. There are `--rounds` turns; the best counts. Activations have a mean and directions of unequal power, as a
residual stream has. One line of JSON per trainer: tokens per second, and how many times that of each peer.
"""

import argparse
import json
import time
from collections.abc import Callable
from typing import Any

import torch

from chronolect.formation.sae.autoencoder import SparseAutoencoder
from chronolect.formation.sae.config import Architecture, SaeConfig, SaeTraining
from chronolect.formation.sae.trainer import SaeTrainer
from chronolect.formation.temporal_dropout import TemporalDropout

Step = Callable[[torch.Tensor], Any]


def ours(given: argparse.Namespace, architecture: Architecture, **training: Any) -> Step:
    """A trainer of chronolect."""
    config = SaeConfig(architecture=architecture, latents=given.latents, k=given.k)
    sae = SparseAutoencoder(given.width, config).to(given.device)
    return SaeTrainer(sae, SaeTraining(steps=10_000, **training)).step


def saelens(given: argparse.Namespace, architecture: str, *, sparse: bool = False) -> Step:
    """A trainer of SAELens."""
    from sae_lens import BatchTopKTrainingSAE, BatchTopKTrainingSAEConfig, TopKTrainingSAE, TopKTrainingSAEConfig
    from sae_lens.config import LoggingConfig, SAETrainerConfig
    from sae_lens.training.sae_trainer import SAETrainer

    sizes: dict[str, Any] = {"d_in": given.width, "d_sae": given.latents, "k": given.k, "device": given.device}
    sae: Any = (
        BatchTopKTrainingSAE(BatchTopKTrainingSAEConfig(**sizes))
        if architecture == "batchtopk"
        else TopKTrainingSAE(
            TopKTrainingSAEConfig(**sizes, use_sparse_activations=sparse, rescale_acts_by_decoder_norm=not sparse)
        )
    )
    config = SAETrainerConfig(
        total_training_samples=10_000 * given.tokens,
        device=given.device,
        autocast=False,
        lr=2e-4,
        lr_end=2e-5,
        lr_scheduler_name="constant",
        lr_warm_up_steps=100,
        adam_beta1=0.9,
        adam_beta2=0.999,
        lr_decay_steps=0,
        n_restart_cycles=1,
        train_batch_size_samples=given.tokens,
        dead_feature_window=10_000_000 // given.tokens,
        feature_sampling_window=10_000,
        n_checkpoints=0,
        checkpoint_path=None,
        save_final_checkpoint=False,
        logger=LoggingConfig(log_to_wandb=False),
    )
    trainer: Any = SAETrainer(config, sae, data_provider=iter([]))

    def step(x: torch.Tensor) -> None:
        trainer.step(x)
        trainer.n_training_steps += 1

    return step


def sparsify(given: argparse.Namespace) -> Step:
    """What the loop of sparsify's trainer does with one batch of one coder; its loop cannot be had without a language model."""
    from schedulefree import ScheduleFreeWrapper
    from sparsify import SparseCoder, SparseCoderConfig
    from sparsify.sign_sgd import SignSGD

    coder = SparseCoder(given.width, SparseCoderConfig(num_latents=given.latents, k=given.k), device=given.device)
    optimizer = ScheduleFreeWrapper(
        SignSGD(coder.parameters(), lr=5e-3 / (given.latents / 2**14) ** 0.5), momentum=0.95
    )
    optimizer.train()
    silent_for = torch.zeros(given.latents, dtype=torch.int64, device=given.device)

    def step(x: torch.Tensor) -> None:
        coder.set_decoder_norm_to_unit_norm()
        output = coder(x, dead_mask=None)
        output.fvu.backward()
        coder.remove_gradient_parallel_to_decoder_directions()
        optimizer.step()
        optimizer.zero_grad()
        fired = torch.zeros(given.latents, dtype=torch.bool, device=given.device)
        fired[output.latent_indices.flatten()] = True
        silent_for.add_(len(x))
        silent_for[fired] = 0

    return step


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--width", type=int, default=512)
    parser.add_argument("--latents", type=int, default=4096)
    parser.add_argument("--k", type=int, default=40)
    parser.add_argument("--tokens", type=int, default=2048, help="of a batch")
    parser.add_argument("--steps", type=int, default=4, help="of a turn")
    parser.add_argument("--rounds", type=int, default=6)
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--device", default="cpu")
    given = parser.parse_args()
    torch.set_num_threads(given.threads)
    dropout = TemporalDropout(initial_rate=0.2, min_rate=0.05, end=10_000)
    trainers: dict[str, Step] = {
        "chronolect batchtopk": ours(given, "batchtopk"),
        "chronolect batchtopk, bfloat16": ours(given, "batchtopk", precision="bfloat16"),
        "chronolect topk": ours(given, "topk"),
        "chronolect batchtopk, temporal dropout": ours(given, "batchtopk", dropout=dropout),
        "saelens batchtopk": saelens(given, "batchtopk"),
        "saelens topk": saelens(given, "topk"),
        "saelens topk, sparse": saelens(given, "topk", sparse=True),
        "sparsify topk": sparsify(given),
    }
    generator = torch.Generator().manual_seed(0)
    power = torch.linspace(2, 0.2, given.width)
    batches = [
        (1 + power * torch.randn(given.tokens, given.width, generator=generator)).to(given.device) for _ in range(4)
    ]
    best = dict.fromkeys(trainers, float("inf"))
    for number in range(given.rounds + 1):  # the first turn warms up
        for name, step in trainers.items():
            start = time.perf_counter()
            for turn in range(given.steps):
                step(batches[turn % len(batches)])
            if given.device != "cpu":
                torch.cuda.synchronize()
            if number:
                best[name] = min(best[name], (time.perf_counter() - start) / given.steps)
    speeds = {name: given.tokens / seconds for name, seconds in best.items()}
    for name, speed in speeds.items():
        ratios = {
            f"times {peer}": round(speed / speeds[peer], 2) for peer in speeds if not peer.startswith("chronolect")
        }
        line = {"trainer": name, "tokens_per_s": round(speed), **(ratios if name.startswith("chronolect") else {})}
        print(json.dumps(line), flush=True)


if __name__ == "__main__":
    main()
