"""A small packed corpus and tokenizer, written by hand in the documented format."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
import torch
from tokenizers import Tokenizer, decoders, models, pre_tokenizers, trainers
from transformers import LlamaForCausalLM, PreTrainedTokenizerFast

from chronolect.artifacts import write_json
from chronolect.models.presets import Shape, new_model
from chronolect.training.config import TrainingConfig

SPECIALS = ["<|endoftext|>", "<|im_start|>", "<|im_end|>", "<|pad|>"]
TEMPLATE = (
    "{% for message in messages %}{{ '<|im_start|>' + message['role'] + '\n' }}"
    "{% if message['role'] == 'assistant' %}{% generation %}{{ message['content'] + '<|im_end|>\n' }}{% endgeneration %}"
    "{% else %}{{ message['content'] + '<|im_end|>\n' }}{% endif %}{% endfor %}"
    "{% if add_generation_prompt %}{{ '<|im_start|>assistant\n' }}{% endif %}"
)


@pytest.fixture(autouse=True)
def _one_thread() -> None:
    torch.set_num_threads(1)


def make_texts(count: int, *, seed: int = 0) -> list[str]:
    """Short sentences about invented people and years."""
    random = np.random.default_rng(seed)
    names = ["Ada", "Bram", "Cleo", "Dirk", "Elsa", "Finn", "Gerda", "Hugo"]
    deeds = ["built a bridge", "sailed the sea", "wrote a book", "won the race", "found an island"]
    return [f"{random.choice(names)} {random.choice(deeds)} in {random.integers(1800, 1950)}." for _ in range(count)]


@pytest.fixture(scope="session")
def tokenizer_folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A byte-level BPE tokenizer of 320 tokens with a ChatML template."""
    folder = tmp_path_factory.mktemp("tokenizer")
    bpe = Tokenizer(models.BPE())
    bpe.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False, use_regex=True)
    bpe.decoder = decoders.ByteLevel()
    trainer = trainers.BpeTrainer(
        vocab_size=320,
        special_tokens=SPECIALS,
        initial_alphabet=pre_tokenizers.ByteLevel.alphabet(),
        show_progress=False,
    )
    bpe.train_from_iterator(make_texts(200), trainer)
    fast = PreTrainedTokenizerFast(
        tokenizer_object=bpe, bos_token=SPECIALS[0], eos_token=SPECIALS[0], pad_token=SPECIALS[3]
    )
    fast.chat_template = TEMPLATE
    fast.save_pretrained(folder)
    return folder


def write_packed(folder: Path, tokenizer_folder: Path, splits: dict[str, list[str]]) -> Path:
    """Write a packed corpus of the given texts by split."""
    tokenizer = PreTrainedTokenizerFast.from_pretrained(tokenizer_folder)
    tokenizer.save_pretrained(folder / "tokenizer")
    rows, counts = [], {}
    for split, texts in splits.items():
        documents = [[*tokenizer.encode(text), tokenizer.eos_token_id] for text in texts]
        flat = np.concatenate([np.asarray(d, np.uint16) for d in documents])
        flat.tofile(folder / f"{split}.bin")
        offset = 0
        for index, document in enumerate(documents):
            rows.append(
                {"id": f"{split}-{index}", "split": split, "offset": offset, "length": len(document), "year": 1900}
            )
            offset += len(document)
        counts[split] = {"documents": len(texts), "tokens": len(flat), "bytes": sum(len(t.encode()) for t in texts)}
    pq.write_table(pa.Table.from_pylist(rows), folder / "documents.parquet")
    details = {"dtype": "uint16", "vocab_size": len(tokenizer), "eos_id": tokenizer.eos_token_id, "splits": counts}
    write_json(folder / "manifest.json", {"command": "corpus pack", "counts": details})
    return folder


@pytest.fixture(scope="session")
def corpus(tmp_path_factory: pytest.TempPathFactory, tokenizer_folder: Path) -> Path:
    """A packed corpus: 400 training documents, two validation sets."""
    splits = {"train": make_texts(400), "val": make_texts(30, seed=1), "val-after": make_texts(20, seed=2)}
    return write_packed(tmp_path_factory.mktemp("corpus"), tokenizer_folder, splits)


@pytest.fixture
def tokenizer(tokenizer_folder: Path) -> PreTrainedTokenizerFast:
    """The small tokenizer, loaded."""
    return PreTrainedTokenizerFast.from_pretrained(tokenizer_folder)


@pytest.fixture
def model(tokenizer: PreTrainedTokenizerFast) -> LlamaForCausalLM:
    """A two-block model of width 64."""
    torch.manual_seed(0)
    shape = Shape(layers=2, hidden=64, heads=2, kv_heads=1, intermediate=128, context=64)
    return new_model(shape, tokenizer)


@pytest.fixture
def small() -> Callable[..., dict[str, Any]]:
    """Keywords of a small pre-training run, with any TrainingConfig field replaced."""

    def keywords(**changes: Any) -> dict[str, Any]:
        defaults: dict[str, Any] = {
            "seq_len": 16,
            "batch_size": 4,
            "accumulate": 2,
            "max_steps": 6,
            "lr": 1e-3,
            "warmup_steps": 2,
            "log_every": 4,
            "eval_every": 3,
            "eval_batches": 2,
            "sample_every": 3,
            "sample_tokens": 4,
            "device": "cpu",
            "dtype": "float32",
        }
        shape = {"layers": 2, "hidden": 32, "heads": 2, "intermediate": 64}
        return {**shape, "config": TrainingConfig(**{**defaults, **changes})}

    return keywords
