"""The lines of autoencoders that run through a series of checkpoints, and how one starts at each."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from torch import Tensor

from chronolect.artifacts import read_json
from chronolect.formation.conditions import Activations, Condition, find_conditions
from chronolect.formation.sae.autoencoder import SparseAutoencoder
from chronolect.formation.sae.files import load_sae
from chronolect.formation.sae.trainer import SaeTrainer
from chronolect.formation.track.config import Kind, TrackConfig

REFERENCE = Condition(name="reference", help="the base, trained for longer: what the others' convergence is judged by")


@dataclass(frozen=True)
class Line:
    """Autoencoders of one condition, kind and seed."""

    condition: Condition
    kind: Kind
    seed: int

    @property
    def name(self) -> str:
        """Of its folder below `series/`."""
        return f"{self.condition.name}-{self.kind}-seed{self.seed}"

    def described(self) -> dict[str, str | int]:
        """`condition`, `kind` and `seed`."""
        return {"condition": self.condition.name, "kind": self.kind, "seed": self.seed}


def lines_of(config: TrackConfig, activations: Activations = "checkpoints") -> list[Line]:
    """The lines that read these activations. On `random-init` they start afresh, on `no-change` from where they were."""
    by_activations: dict[Activations, Sequence[Kind]] = {"random-init": ["cold"], "no-change": ["warm"]}
    kinds = by_activations.get(activations, config.kinds)
    lines = [
        Line(condition, kind, seed)
        for condition in find_conditions(config.conditions)
        if condition.activations == activations
        for kind in dict.fromkeys(kinds)
        for seed in range(config.seeds)
    ]
    if activations == "checkpoints" and config.reference_tokens:
        lines.append(Line(REFERENCE, "cold", 0))
    return lines


def base_lines(config: TrackConfig) -> list[Line]:
    """The lines that all others are judged beside."""
    return [line for line in lines_of(config) if line.condition.name == "base"]


def new_trainer(
    line: Line, config: TrackConfig, sample: Tensor, *, step: int, before: Path | None = None
) -> SaeTrainer:
    """A trainer at the start of a checkpoint.

    A cold autoencoder has weights of its own at every checkpoint. A warm one takes over those of the snapshot folder `before`, in units of
    the activations' own scale: what grows in norm from checkpoint to checkpoint is the same to it.

    Args:
        line: Whose.
        config: The settings.
        sample: Activations [n, d] that the scale is set from, on the device to train on.
        step: Step of the snapshot.
        before: Snapshot to go on from.
    """
    width = sample.shape[1]
    form = config.sae_config(width)
    # conditions of the same seed start from the same weights, so that they can be compared in pairs
    draw = np.random.SeedSequence((config.seed, line.seed, step)).generate_state(1)
    seed = int(draw[0]) >> 1
    sae = SparseAutoencoder(width, form, seed=seed).to(sample.device)
    sae.fit_to(sample)
    if before is not None:
        stored = load_sae(before)
        inside = read_json(before / "measures.json")["scale"]
        state = stored.state_dict() | {"scale": sae.scale.clone()}
        for name in ("b_enc", "b_dec", "threshold"):
            state[name] = state[name] * inside
        sae.load_state_dict(state)
    tokens = config.reference_tokens if line.condition is REFERENCE else config.sae_tokens
    return SaeTrainer(sae, line.condition.training(config.sae_training(seed, tokens=tokens), form, width=width))
