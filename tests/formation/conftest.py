"""A packed corpus of sentences about invented people and years, and a tiny model trained on it with its checkpoints."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

PEOPLE = ["Ada", "Bram", "Cleo", "Dirk", "Elsa", "Finn", "Gerda", "Hugo"]
DEEDS = ["built a bridge", "sailed the sea", "wrote a book", "won the race", "found an island"]


@pytest.fixture(autouse=True)
def _one_thread() -> None:
    torch.set_num_threads(1)


def make_texts(count: int, *, seed: int = 0) -> list[str]:
    """Texts of three sentences, no two the same."""
    random = np.random.default_rng(seed)

    def sentence() -> str:
        return f"{random.choice(PEOPLE)} {random.choice(DEEDS)} in {random.integers(1800, 1950)}."

    return [f"{sentence()} {sentence()} Page {number}." for number in range(count)]


@pytest.fixture(scope="session")
def packed(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A packed corpus of 1,000 documents, a tenth of them held out, with a tokenizer of 320 tokens."""
    from chronolect.corpus import CorpusWriter, Document
    from chronolect.corpus.packing import pack_corpus
    from chronolect.models.tokenizers import train_tokenizer

    folder = tmp_path_factory.mktemp("formation")
    with CorpusWriter(folder / "corpus") as writer:
        for number, text in enumerate(make_texts(1000)):
            writer.write(Document(id=str(number), text=text))
    train_tokenizer(folder / "corpus", out=folder / "tokenizer", vocab_size=320)
    pack_corpus(folder / "corpus", out=folder / "packed", tokenizer=folder / "tokenizer", val_ratio=0.1, era=[])
    return folder / "packed"


@pytest.fixture(scope="session")
def run(packed: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A training run of a model of two blocks and width 32, with checkpoints at steps 0, 1, 2, 4, 8, 16 and 32."""
    from chronolect.training.config import TrainingConfig
    from chronolect.training.pretrain import train_pretrain

    out = tmp_path_factory.mktemp("runs") / "tiny"
    config = TrainingConfig(
        seq_len=32, batch_size=16, max_steps=32, lr=1e-2, log_spaced=True, keep=0, device="cpu", dtype="float32", seed=0
    )
    train_pretrain(packed, out=out, layers=2, hidden=32, heads=4, kv_heads=2, intermediate=64, config=config)
    return out


@pytest.fixture(scope="module")
def model(model_folder: Path) -> Any:
    """A tiny untrained model."""
    from chronolect.models.loading import load_model

    return load_model(model_folder)


@pytest.fixture(scope="module")
def batches(model: Any) -> list[torch.Tensor]:
    """Three batches of random tokens for it, int64 [4, 16] each."""
    generator = torch.Generator().manual_seed(0)
    return [torch.randint(5, model.config.vocab_size, (4, 16), generator=generator) for _ in range(3)]
