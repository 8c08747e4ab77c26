"""Series that perfect autoencoders would give on a made-up run."""

import numpy as np
import scipy.sparse

from chronolect.formation.analysis.series import Series
from chronolect.formation.analysis.snapshots import Snapshot
from chronolect.formation.synth.config import SynthConfig
from chronolect.formation.synth.truth import SyntheticConfig, SyntheticRun

TRUTH = SyntheticConfig(features=32, width=24, checkpoints=8, active=2.0, zipf=0.3, dying=0.4, initial=0.3)
BRIEF = SyntheticConfig(features=24, width=16, checkpoints=6, active=1.0, zipf=0.3, dying=0.3, initial=0.3)
CONFIG = SynthConfig(
    latents=28, sae_tokens=51_200, batch_tokens=256, lr=1e-2, warmup_steps=20, seeds=2, probe_tokens=16_000
)
TOKENS = 12_000


def perfect(
    run: SyntheticRun, *, seeds: int = 3, tokens: int = TOKENS, checkpoints: list[int] | None = None
) -> list[Series]:
    """What autoencoders would give that found every feature there is and nothing else, each in an order of its own."""
    found = []
    for seed in range(seeds):
        snapshots = []
        for place, checkpoint in enumerate(checkpoints or range(len(run.steps))):
            order = np.random.default_rng([seed, place]).permutation(run.config.features)
            codes = scipy.sparse.csr_matrix(run.codes(checkpoint, tokens)[:, order])
            decoder = run.directions(checkpoint)[order].astype(np.float32)
            snapshots.append(Snapshot(run.steps[place], codes, decoder, {"explained_variance": 0.9}))
        found.append(Series("base", "cold", seed, snapshots))
    return found
