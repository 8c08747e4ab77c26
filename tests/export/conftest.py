"""Tiny models of the shapes that can be exported, with tokenizers of the families that llama.cpp knows."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import torch
from tokenizers import Tokenizer, decoders, normalizers, pre_tokenizers, trainers
from tokenizers.models import BPE
from transformers import AutoConfig, AutoModelForCausalLM

from chronolect.export.sample_texts import SENTENCES, varied_strings
from chronolect.models.tokenizers import END_OF_TEXT, PADDING, SPECIAL_TOKENS, TURN_END, save_tokenizer

VOCABULARY = 400
# As published in the tokenizer.json of the model families.
QWEN_SPLIT = (
    r"(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}| ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+"
)
LLAMA3_SPLIT = QWEN_SPLIT.replace(r"|\p{N}|", r"|\p{N}{1,3}|")


@pytest.fixture(autouse=True)
def _one_thread(monkeypatch: pytest.MonkeyPatch) -> None:
    torch.set_num_threads(1)
    monkeypatch.setenv("CHRONOLECT_THREADS", "1")


def _split(pattern: str) -> pre_tokenizers.PreTokenizer:
    from tokenizers import Regex

    return pre_tokenizers.Sequence(
        [
            pre_tokenizers.Split(Regex(pattern), behavior="isolated"),
            pre_tokenizers.ByteLevel(add_prefix_space=False, use_regex=False),
        ]
    )


def write_tokenizer(folder: Path, family: str = "gpt-2") -> Path:
    """A tokenizer of one of llama.cpp's families, trained on the sentences and strings of the comparison."""
    folder.mkdir(parents=True, exist_ok=True)
    tokenizer = Tokenizer(BPE(ignore_merges=family == "llama-bpe"))
    whole = pre_tokenizers.ByteLevel(add_prefix_space=False, use_regex=True)
    tokenizer.pre_tokenizer = {
        "gpt-2": whole,
        "qwen2": _split(QWEN_SPLIT),
        "llama-bpe": _split(LLAMA3_SPLIT),
        "smollm": pre_tokenizers.Sequence([pre_tokenizers.Digits(individual_digits=True), whole]),
    }[family]
    if family == "qwen2":
        tokenizer.normalizer = normalizers.NFC()
    tokenizer.decoder = decoders.ByteLevel()
    trainer = trainers.BpeTrainer(
        vocab_size=VOCABULARY,
        special_tokens=list(SPECIAL_TOKENS),
        initial_alphabet=pre_tokenizers.ByteLevel.alphabet(),
        show_progress=False,
    )
    tokenizer.train_from_iterator([*SENTENCES * 3, *varied_strings(200, seed=1)], trainer)
    save_tokenizer(tokenizer, folder)
    return folder


def write_model(folder: Path, kind: str = "llama", **changes: Any) -> Path:
    """A random model of two blocks with weights large enough that contexts matter, and a gpt-2 tokenizer."""
    write_tokenizer(folder)
    shape: dict[str, Any] = {
        "vocab_size": VOCABULARY,
        "hidden_size": 64,
        "intermediate_size": 128,
        "num_hidden_layers": 2,
        "num_attention_heads": 4,
        "num_key_value_heads": 2,
        "head_dim": 16,
        "max_position_embeddings": 128,
        "tie_word_embeddings": True,
        "bos_token_id": SPECIAL_TOKENS.index(END_OF_TEXT),
        "eos_token_id": SPECIAL_TOKENS.index(END_OF_TEXT),
        "pad_token_id": SPECIAL_TOKENS.index(PADDING),
        "initializer_range": 0.1,
    }
    torch.manual_seed(0)
    model = AutoModelForCausalLM.from_config(AutoConfig.for_model(kind, **(shape | changes)))
    with torch.no_grad():
        for name, parameter in model.named_parameters():
            if parameter.ndim == 1:  # norms of one and biases of zero would hide a mistake
                parameter.add_(torch.randn_like(parameter), alpha=0.3 if "bias" in name else 0.1)
    model.save_pretrained(folder)
    return folder


@pytest.fixture(scope="session")
def llama(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A Llama with tied embeddings and grouped queries; its rows are too short for K-quants."""
    return write_model(tmp_path_factory.mktemp("models") / "llama")


@pytest.fixture(scope="session")
def wide_llama(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A Llama whose rows are multiples of 256, with its own output layer."""
    return write_model(
        tmp_path_factory.mktemp("models") / "wide",
        hidden_size=256,
        intermediate_size=512,
        head_dim=64,
        tie_word_embeddings=False,
        initializer_range=0.05,
    )


@pytest.fixture
def make_model(tmp_path: Path) -> Callable[..., Path]:
    """Write a model of any shape: `make_model("qwen3", hidden_size=32)`."""
    return lambda kind="llama", **changes: write_model(tmp_path / f"model-{kind}", kind, **changes)


@pytest.fixture
def turn_end() -> int:
    """The id of the token that ends a turn."""
    return SPECIAL_TOKENS.index(TURN_END)
