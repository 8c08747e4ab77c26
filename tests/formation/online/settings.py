"""Settings of a short run, with any of them replaced."""

from typing import Any

from chronolect.formation.online.config import FormationConfig
from chronolect.training.config import TrainingConfig


def training(**changes: Any) -> TrainingConfig:
    """A run of 12 steps with checkpoints at 4, 8 and 12."""
    settings: dict[str, Any] = {
        "seq_len": 32,
        "batch_size": 4,
        "accumulate": 2,
        "max_steps": 12,
        "lr": 1e-2,
        "log_every": 3,
        "eval_every": 6,
        "save_every": 4,
        "keep": 0,
        "device": "cpu",
        "dtype": "float32",
    }
    return TrainingConfig(**{**settings, **changes})


def formation(**changes: Any) -> FormationConfig:
    """Two autoencoders that take a step with each second one of the model; snapshots at steps 4, 8 and 12."""
    settings: dict[str, Any] = {
        "sae_latents": 64,
        "sae_k": 4,
        "sae_lr": 1e-2,
        "sae_seeds": 2,
        "sae_warmup_steps": 2,
        "update_frequency": 2,
        "tokens_per_update": 128,
        "probe_tokens": 400,
        "splice_tokens": 32,
        "snapshot_every": 4,
        "window_size": 1,
    }
    return FormationConfig(**{**settings, **changes})
