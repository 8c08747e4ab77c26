"""Small runs: text, models of the gated forms, and changes that make any configuration a matter of seconds."""

import json
import shutil
from pathlib import Path
from typing import Any

import torch
from transformers import GemmaConfig, GemmaForCausalLM, LlamaConfig, LlamaForCausalLM

from chronolect.models.loading import load_tokenizer

WORDS = [
    "the",
    "moon",
    "river",
    "stone",
    "winter",
    "harbour",
    "letter",
    "garden",
    "engine",
    "window",
    "silver",
    "market",
    "of",
    "and",
    "in",
]


def gated(kind: str, folder: Path, tokenizer_folder: Path) -> Path:
    """A folder of the form of a gated model, small."""
    tokenizer = load_tokenizer(tokenizer_folder)
    shape = {
        "vocab_size": len(tokenizer),
        "hidden_size": 32,
        "intermediate_size": 64,
        "num_hidden_layers": 2,
        "num_attention_heads": 2,
        "num_key_value_heads": 1,
        "head_dim": 16,
        "max_position_embeddings": 64,
        "eos_token_id": tokenizer.eos_token_id,
        "bos_token_id": None,
        "pad_token_id": None,
    }
    torch.manual_seed(0)
    model: Any = (
        GemmaForCausalLM(GemmaConfig(**shape)) if kind == "gemma-2b" else LlamaForCausalLM(LlamaConfig(**shape))
    )
    model.save_pretrained(folder)
    tokenizer.save_pretrained(folder)
    return folder


def small(text: dict[str, str], **changes: Any) -> list[str]:
    """Changes that make any configuration a matter of seconds."""
    values: dict[str, Any] = {
        "dataset.sources": text,
        "dataset.mixing_ratios": {"fineweb_edu": 0.6, "wikitext": 0.4},
        "dataset.exhausted": "repeat",
        "dataset.max_length": 32,
        "training.batch_size": 4,
        "training.gradient_accumulation_steps": 1,
        "training.max_steps": 8,
        "training.eval_steps": 4,
        "training.save_steps": 4,
        "training.warmup_steps": 2,
        "environment.device": "cpu",
        "environment.mixed_precision": "no",
        "environment.logging.tensorboard": False,
        "evaluation.eval_dataset_size": 8,
        "evaluation.generate_samples": 1,
        "chrono.route_sae.latent_dim": 48,
        "chrono.route_sae.k": 4,
        "chrono.route_sae.update_frequency": 1,
        "chrono.route_sae.tokens_per_update": 32,
        "chrono.route_sae.route": "none",
        "chrono.route_sae.seeds": 1,
        "chrono.feature_alignment.every_n_steps": 2,
        "chrono.checkpointing.checkpoint_every_n_steps": 4,
        "chrono.temporal_purity.compute_every_n_steps": 2,
        "chrono.temporal_purity.probe_tokens": 128,
        "chrono.temporal_purity.window_size": 1,
        "chrono.monitoring.update_interval": 2,
        "chrono.monitoring.dashboard_enabled": False,
        "model.vocab_size": 300,
        "experiment.max_memory_gb": None,
        "experiment.max_training_hours": None,
    }
    values |= {key.replace("__", "."): value for key, value in changes.items()}
    return [f"{key}={json.dumps(value)}" for key, value in values.items()]


TINY = {"model__shape__layers": 2, "model__shape__hidden": 32, "model__shape__heads": 2}


def cached(repository: str, kind: str, source: Path, cache: Path) -> None:
    """Put files into the hub's cache as a download of the repository leaves them."""
    place = cache / f"{kind}s--{repository.replace('/', '--')}"
    shutil.copytree(source, place / "snapshots" / "a1")
    (place / "refs").mkdir()
    (place / "refs" / "main").write_text("a1")
