"""A following of features with known births, as `formation track` leaves it: snapshots made up, everything said of them computed."""

from pathlib import Path
from typing import Any

import numpy as np
import scipy.sparse

from chronolect.artifacts import stage, write_json
from chronolect.formation.analysis.analyse import analyse
from chronolect.formation.analysis.series import AnalysisSettings
from chronolect.formation.analysis.snapshots import Snapshot, save_snapshot
from chronolect.formation.controls import formation_controls
from chronolect.formation.reporting import read_series

STEPS = (0, 50, 100, 200, 400, 800, 1600)
FEATURES, TOKENS, WIDTH = 40, 1500, 16
SETTINGS = AnalysisSettings(window=2, least=20, resamples=50)
HOSTILE = "<script>alert(1)</script>"


def births() -> np.ndarray[Any, Any]:
    """Checkpoint at which each feature is born: a quarter are there from the first."""
    return np.arange(FEATURES) % 8 - 1


def deaths() -> np.ndarray[Any, Any]:
    """Checkpoint at which it is gone: every tenth at the last but one."""
    return np.where(np.arange(FEATURES) % 10 == 0, len(STEPS) - 2, len(STEPS))


def snapshot(seed: int, place: int, *, changing: bool = True) -> Snapshot:
    """The latents of a seed at a checkpoint: in an order of its own, each on the tokens of one feature, the unborn on others."""
    rng = np.random.default_rng((7, seed, place))
    true = np.random.default_rng(1)
    fires = true.random((TOKENS, FEATURES)) < 0.05
    directions = true.normal(size=(FEATURES, WIDTH))
    there = (births() <= place) & (place < deaths()) if changing else np.ones(FEATURES, dtype=bool)
    codes = np.where(there, fires, rng.random((TOKENS, FEATURES)) < 0.05) * rng.uniform(1, 1.4, (TOKENS, FEATURES))
    decoder = np.where(there[:, None], directions, rng.normal(size=(FEATURES, WIDTH)))
    decoder += 0.1 * rng.normal(size=decoder.shape)
    order = rng.permutation(FEATURES)
    measures = {
        "explained_variance": 0.9 - 0.02 * seed / 3,
        "l0": 2.0 + 0.1 * place,
        "dead_share": 0.01 * seed,
        "delta_ce": 0.1,
        "kl": 0.12,
        "loss_recovered_zero": 0.95,
        "loss_recovered_mean": 0.9,
    }
    decoder /= np.linalg.norm(decoder, axis=1, keepdims=True)
    return Snapshot(
        STEPS[place],
        scipy.sparse.csr_matrix(codes[:, order].astype(np.float32)),
        decoder[order].astype(np.float32),
        measures,
    )


def make_followed(folder: Path, *, checkpoints: int = len(STEPS), seeds: int = 3, cards: bool = True) -> Path:
    """Write the folder of a `formation track`."""
    with stage(folder, command="formation track", config={"seed": 0}) as work:
        saes = []
        for seed in range(seeds):
            for place in range(checkpoints):
                one = snapshot(seed, place)
                at = work.folder / "series" / f"base-cold-seed{seed}" / f"step-{one.step}"
                at.mkdir(parents=True)
                save_snapshot(at, one)
                named = {"series": f"base-cold-seed{seed}", "condition": "base", "kind": "cold", "seed": seed}
                saes.append({**named, "step": one.step, **one.measures, "tokens_trained": 100_000, "seconds": 1.5})
        metrics = analyse(read_series(work.folder), SETTINGS)
        metrics["cross_reconstruction"] = [
            [0.9 - 0.15 * abs(row - column) for column in range(checkpoints)] for row in range(checkpoints)
        ]
        write_json(work.folder / "evaluation_report.json", report(metrics, saes, checkpoints))
        if cards:
            write_json(work.folder / "cards.json", made_cards(metrics))
    return folder


def make_run(root: Path) -> Path:
    """A run as a recipe leaves it: the following and its controls."""
    make_followed(root / "follow")
    formation_controls(root / "follow", out=root / "controls", shuffles=20)
    return root


def report(metrics: dict[str, Any], saes: list[dict[str, Any]], checkpoints: int) -> dict[str, Any]:
    """What `write_evaluation_report` writes around the analysis."""
    untrained = {
        "features_found": {"successes": 4, "n": 100, "rate": 0.04, "low": 0.02, "high": 0.1},
        "alive": {"trained": 39.0, "untrained": 12.0},
        "explained_variance": {"trained": 0.89, "untrained": 0.7},
    }
    return {
        "schema_version": 1,
        "experiment_info": {
            "model_type": "llama",
            "total_steps": STEPS[checkpoints - 1],
            "training_time": 200.0,
            "datasets_used": ["made"],
            "dataset_mixing_ratios": {"made": 1.0},
            "layers": [1],
            "probe": {"tokens": TOKENS, "digest": "0" * 64, "source": "made/val"},
            "checkpoints": [{"step": step, "path": f"checkpoint-{step}"} for step in STEPS[:checkpoints]],
        },
        "chrono_metrics": metrics,
        "saes": saes,
        "routing": None,
        "controls": {"random-init": untrained},
        "throughput": {"lm_tokens_per_second": 12_345.6, "sae_tokens_per_second": 4321.0},
        "training_config": {"seed": 0},
        "provenance": {"chronolect": "0", "packages": {}, "seeds": [0]},
        "warnings": ["the loss at step 0 is not that of guessing"],
    }


def made_cards(metrics: dict[str, Any]) -> list[dict[str, Any]]:
    """Cards of the first born features; their texts are hostile."""
    found = []
    for event in [event for event in metrics["feature_birth_events"] if not event["initial"]][:3]:
        example = {
            "tokens": [" of", " the", f" {HOSTILE}", "\n", " and", " so"],
            "at": 2,
            "strengths": [0.0, 0.3, 1.0, 0.0, 0.05, 0.0],
            "activation": 3.2,
        }
        presence = [
            {"step": step, "correlation": value, "share": 0.9, "low": 0.8, "high": 0.95, "n": 60, "fired": 0.7}
            for step, value in zip(metrics["steps"], event["presence"], strict=True)
        ]
        copied = ("feature", "seed", "reference_step", "found_in", "initial", "firings", "firing_rate")
        dates = ("birth_step_lo", "birth_step_hi", "seen_before", "death_step_lo", "death_step_hi")
        found.append(
            {
                "series": "base-cold",
                **{key: event[key] for key in (*copied, *dates)},
                "title": f"Fires on the word “{HOSTILE}”",
                "summary": "Fires on the word “Union”: 98% of its strongest firings [94%, 99%], n = 100; 0.3% of all tokens.",
                "pattern": {"facet": "word", "value": "union"},
                "tokens": [{"text": HOSTILE, "count": 90, "share": 0.9}],
                "next_tokens": [{"text": "\n", "count": 50, "share": 0.5}],
                "presence": presence,
                "contexts": [
                    {"step": step, "correlation": 0.9, "seed": 0, "latent": 3, "examples": [example, example]}
                    for step in metrics["steps"][-3:]
                ],
            }
        )
    return found
