"""Shared by all tests: one thread for torch, no hub."""

import os
from pathlib import Path

import pytest

os.environ.setdefault("HF_HUB_OFFLINE", "1")
os.environ.setdefault("OMP_NUM_THREADS", "1")

TEXTS = [
    "The first person to walk on the Moon was Neil Armstrong.",
    "The telephone was invented by Alexander Graham Bell.",
    "Who discovered penicillin? It was Alexander Fleming, in London.",
    "Mount Everest was first climbed by Edmund Hillary and Tenzing Norgay.",
]


@pytest.fixture(scope="session")
def texts() -> list[str]:
    """Sentences about the past."""
    return TEXTS


@pytest.fixture(scope="session")
def model_folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """An untrained Llama of two blocks with a context of 32 tokens, its weights large enough that contexts matter, and its tokenizer."""
    import torch

    from chronolect.corpus import CorpusWriter, Document
    from chronolect.models.loading import load_tokenizer
    from chronolect.models.presets import Shape, new_model
    from chronolect.models.tokenizers import train_tokenizer

    folder = tmp_path_factory.mktemp("models")
    with CorpusWriter(folder / "corpus") as writer:
        for number, text in enumerate(TEXTS * 5):
            writer.write(Document(id=str(number), text=text))
    train_tokenizer(folder / "corpus", out=folder / "tokenizer", vocab_size=320)
    tokenizer = load_tokenizer(folder / "tokenizer")
    torch.manual_seed(0)
    model = new_model(Shape(layers=2, hidden=32, heads=4, kv_heads=2, intermediate=64, context=32), tokenizer)
    with torch.no_grad():
        for weights in model.parameters():
            if weights.ndim == 2:
                weights.mul_(8)
    model.save_pretrained(folder / "model")
    tokenizer.save_pretrained(folder / "model")
    return folder / "model"


@pytest.fixture(scope="session")
def chat_folder(model_folder: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """An untrained Qwen3 of two blocks with a context of 512 tokens, which answers something through the template of dialogue time."""
    import torch

    from chronolect.models.chat_template import choose_template
    from chronolect.models.loading import load_tokenizer
    from chronolect.models.presets import Shape, new_model

    folder = tmp_path_factory.mktemp("chat")
    tokenizer = load_tokenizer(model_folder)
    choose_template(tokenizer, "time")
    torch.manual_seed(1)
    shape = Shape(layers=2, hidden=64, heads=4, kv_heads=2, intermediate=128, context=512, architecture="qwen3")
    model = new_model(shape, tokenizer)
    with torch.no_grad():
        for weights in model.parameters():
            if weights.ndim == 2:
                weights.mul_(8)
    model.save_pretrained(folder)
    tokenizer.save_pretrained(folder)
    return folder
