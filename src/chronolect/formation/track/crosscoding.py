"""Crosscoders over all checkpoints: a second opinion on births, which matches nothing."""

import itertools
from collections.abc import Sequence
from typing import Any

from torch import Tensor

from chronolect.console import say
from chronolect.formation.analysis.crosscoder import crosscoder_births, latent_scalings, train_crosscoders
from chronolect.formation.reading.activations import ActivationStream
from chronolect.formation.track.checkpoints import Checkpoint
from chronolect.formation.track.follower import Follower, Record
from chronolect.training.metrics import JsonLines


def crosscode(follower: Follower, checkpoints: Sequence[Checkpoint]) -> Record:
    """Train a crosscoder for each seed on the activations that all checkpoints have of the same tokens, and see when its latents came.

    All checkpoints are in memory at once; the activations are streamed.

    Returns:
        `births` (see `crosscoder_births`), `tokens` learned from, and `losses` of the last step by seed.
    """
    config, texts = follower.config, follower.texts
    steps = config.crosscoder_tokens // config.batch_tokens

    def work(_: str, log: JsonLines) -> Record:
        models: list[Any] = [follower.load(checkpoint) for checkpoint in checkpoints]
        width = models[0].config.hidden_size
        say(f"crosscoders over {len(models)} checkpoints, {config.seeds} seeds: {steps} steps")
        trainings = [
            config.sae_training(config.seed + seed, tokens=config.crosscoder_tokens) for seed in range(config.seeds)
        ]
        batches = itertools.islice(follower.stream(models, "a checkpoint"), steps)
        # crosscoders are trained on the processor, wherever the models are
        trained = train_crosscoders(map(Tensor.cpu, batches), config.sae_config(width), trainings)
        losses = [loss for _, loss in trained]
        for seed, loss in enumerate(losses):
            log.write(kind="formation", series=f"crosscoder-seed{seed}", step=steps, **loss)
        probe = ActivationStream(models, [follower.layer], texts.probe.rows(config.rows), bfloat16=follower.bfloat16)
        scalings = latent_scalings([crosscoder for crosscoder, _ in trained], map(Tensor.cpu, probe))
        births = crosscoder_births(scalings, [checkpoint.step for checkpoint in checkpoints], config.analysis)
        return {"births": births, "tokens": steps * config.batch_tokens, "losses": losses}

    return follower.once("crosscoder", work)
