"""The packed corpus reader: order, position, validation rows, bad input."""

import shutil
from pathlib import Path

import numpy as np
import pytest
import torch
from transformers import PreTrainedTokenizerFast

from chronolect.errors import UserError
from chronolect.training.data import IGNORED, PackedCorpus, PackedRows, PackedValidation


def epoch_stream(rows: PackedRows, epoch: int) -> np.ndarray:
    """The token stream of one epoch, put together again from its rows."""
    batch = rows.batch(epoch * rows.rows_per_epoch, rows.rows_per_epoch)
    return torch.cat([batch["input_ids"].flatten(), batch["labels"][-1, -1:]]).numpy()


def test_documents_are_permuted_whole_and_afresh_each_epoch(corpus: Path) -> None:
    packed = PackedCorpus(corpus)
    split = packed.split("train")
    rows = PackedRows(split, seq_len=16, seed=1)
    tokens = np.asarray(split.tokens)
    documents = {tuple(tokens[o : o + n]) for o, n in zip(split.offsets, split.lengths, strict=True)}
    streams = [epoch_stream(rows, epoch) for epoch in (0, 1)]
    for stream in streams:
        ends = np.flatnonzero(stream == packed.eos_id) + 1
        found = [tuple(part) for part in np.split(stream, ends)[:-1]]
        assert set(found) <= documents
        assert len(stream) == rows.rows_per_epoch * 16 + 1
        assert sum(map(len, found)) > len(tokens) - 100
    assert not np.array_equal(*streams)
    assert not np.array_equal(streams[0], tokens[: len(streams[0])])


def test_rows_depend_on_their_number_only(corpus: Path) -> None:
    split = PackedCorpus(corpus).split("train")
    rows = PackedRows(split, seq_len=16, seed=1)
    start = rows.rows_per_epoch - 3  # over the end of an epoch
    whole = rows.batch(start, 8)
    for piece in (1, 2, 4):
        fresh = PackedRows(split, seq_len=16, seed=1)
        parts = [fresh.batch(start + i, piece) for i in range(0, 8, piece)]
        assert torch.equal(torch.cat([part["input_ids"] for part in parts]), whole["input_ids"])
        assert torch.equal(torch.cat([part["labels"] for part in parts]), whole["labels"])
    assert torch.equal(whole["input_ids"][:, 1:], whole["labels"][:, :-1])
    other = PackedRows(split, seq_len=16, seed=2).batch(start, 8)
    assert not torch.equal(other["input_ids"], whole["input_ids"])


def test_shuffled_windows_are_those_of_the_file(corpus: Path) -> None:
    split = PackedCorpus(corpus).split("train")
    rows = PackedRows(split, seq_len=16, seed=1, shuffle="windows")
    batch = rows.batch(0, rows.rows_per_epoch)
    in_file = np.asarray(split.tokens)[: rows.rows_per_epoch * 16].reshape(-1, 16).astype(np.int64)
    assert sorted(map(tuple, batch["input_ids"].numpy())) == sorted(map(tuple, in_file))
    assert not np.array_equal(batch["input_ids"].numpy(), in_file)


def test_unshuffled_rows_are_those_of_the_file_in_order(corpus: Path) -> None:
    split = PackedCorpus(corpus).split("train")
    rows = PackedRows(split, seq_len=16, seed=1, shuffle="none")
    batch = rows.batch(0, rows.rows_per_epoch + 1)
    in_file = np.asarray(split.tokens)[: rows.rows_per_epoch * 16].reshape(-1, 16).astype(np.int64)
    assert np.array_equal(batch["input_ids"][:-1].numpy(), in_file)
    assert np.array_equal(batch["input_ids"][-1].numpy(), in_file[0])


def test_validation_predicts_every_token_once(corpus: Path, tokenizer: PreTrainedTokenizerFast) -> None:
    packed = PackedCorpus(corpus)
    assert packed.validation_names == ["val", "val-after"]
    split = packed.split("val")
    rows = PackedValidation(split, seq_len=16, eos_id=packed.eos_id)
    batches = [rows.batch(start, 4) for start in range(0, rows.num_rows, 4)]
    labels = torch.cat([batch["labels"].flatten() for batch in batches]).numpy()
    inputs = torch.cat([batch["input_ids"].flatten() for batch in batches]).numpy()
    assert np.array_equal(labels[labels != IGNORED], np.asarray(split.tokens))
    assert inputs[0] == packed.eos_id
    assert np.array_equal(inputs[1 : len(split.tokens)], np.asarray(split.tokens)[:-1])
    assert (rows.batch(rows.num_rows + 5, 2)["labels"] == IGNORED).all()
    text = tokenizer.decode(np.asarray(split.tokens), skip_special_tokens=True)
    assert rows.bytes_per_token == pytest.approx(len(text.encode()) / len(split.tokens))


def test_bad_corpora_are_named(tmp_path: Path, corpus: Path) -> None:
    with pytest.raises(UserError, match="no such folder"):
        PackedCorpus(tmp_path / "nothing")
    (tmp_path / "empty").mkdir()
    with pytest.raises(UserError, match=r"manifest\.json: no such file"):
        PackedCorpus(tmp_path / "empty")
    copy = tmp_path / "copy"
    shutil.copytree(corpus, copy)
    with pytest.raises(UserError, match=r"val-1800\.bin: no such file"):
        PackedCorpus(copy).split("val-1800")
    with open(copy / "train.bin", "r+b") as file:
        file.truncate(100)
    with pytest.raises(UserError, match=r"train\.bin: truncated or changed"):
        PackedCorpus(copy).split("train")
    (copy / "manifest.json").write_text('{"counts": {"dtype": "uint16"}}')
    with pytest.raises(UserError, match="not the manifest of a packed corpus"):
        PackedCorpus(copy)
    with pytest.raises(UserError, match="too few for one row"):
        PackedRows(PackedCorpus(corpus).split("train"), seq_len=100_000, seed=1)
