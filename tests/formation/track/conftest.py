"""A series of checkpoints followed once for all tests."""

from pathlib import Path
from typing import Any

import pytest

from chronolect.formation.track.config import TrackConfig

STEPS = [0, 4, 8, 16, 32]


def tiny(**settings: Any) -> TrackConfig:
    """Settings for models of width 32 and rows of 32 tokens."""
    small: dict[str, Any] = {
        "latents": 64,
        "k": 4,
        "sae_tokens": 4096,
        "batch_tokens": 256,
        "shuffle_tokens": 1024,
        "lr": 5e-3,
        "warmup_steps": 2,
        "seeds": 2,
        "probe_tokens": 1000,
        "seq_len": 32,
        "splice_tokens": 256,
        "least": 5,
        "window": 2,
        "resamples": 50,
        "cards": 2,
        "device": "cpu",
        "dtype": "float32",
    }
    return TrackConfig(**{**small, **settings})


@pytest.fixture(scope="session")
def tracked(packed: Path, run: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """What `formation track` makes of the run: cold and warm series of two seeds, and what they are judged beside."""
    from chronolect.formation.track.command import formation_track

    out = tmp_path_factory.mktemp("tracked") / "out"
    config = tiny(
        kinds=["cold", "warm"],
        conditions=["base", "random-init", "no-change"],
        reference_tokens=8192,
        crosscoder_tokens=4096,
        route="advantage",
        route_layers=[0, 1],
    )
    formation_track(run=run, out=out, corpus=packed, steps=STEPS, config=config)
    return out
