"""One run whose features are followed, and the same run without."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import torch
from tests.formation.online.settings import formation, training
from transformers import LlamaConfig, LlamaForCausalLM

from chronolect.formation.online.command import train_formation
from chronolect.formation.online.config import FormationConfig
from chronolect.models.loading import load_tokenizer
from chronolect.training.pretrain import train_pretrain


@pytest.fixture(scope="session")
def start(packed: Path, tmp_path_factory: pytest.TempPathFactory) -> str:
    """A new model of two blocks and width 32 that draws random numbers in every step: its attention has dropout."""
    folder = tmp_path_factory.mktemp("start")
    tokenizer = load_tokenizer(packed / "tokenizer")
    torch.manual_seed(0)
    config = LlamaConfig(
        vocab_size=len(tokenizer),
        hidden_size=32,
        intermediate_size=64,
        num_hidden_layers=2,
        num_attention_heads=4,
        num_key_value_heads=2,
        max_position_embeddings=64,
        attention_dropout=0.1,
        tie_word_embeddings=True,
    )
    LlamaForCausalLM(config).save_pretrained(folder)
    tokenizer.save_pretrained(folder)
    return str(folder)


@pytest.fixture(scope="session")
def plain(packed: Path, start: str, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The run without anything beside it."""
    torch.set_num_threads(1)
    out = tmp_path_factory.mktemp("plain") / "run"
    train_pretrain(packed, out=out, model=start, token_noise=0.1, config=training())
    return out


@pytest.fixture(scope="session")
def followed(packed: Path, start: str, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The same run, its features followed."""
    torch.set_num_threads(1)
    out = tmp_path_factory.mktemp("followed") / "run"
    train_formation(packed, out=out, model=start, token_noise=0.1, formation=formation(), config=training())
    return out


@pytest.fixture
def follow(packed: Path, start: str) -> Callable[..., dict[str, Any]]:
    """Do the run with other settings."""

    def run(out: Path, *, what: FormationConfig | None = None, **changes: Any) -> dict[str, Any]:
        settings = {"model": start, "token_noise": 0.1, "formation": what or formation(), "config": training(**changes)}
        return train_formation(packed, out=out, **settings)

    return run
