import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from tokenizers import Regex, Tokenizer, models, normalizers, pre_tokenizers

from chronolect.corpus import encoding
from chronolect.corpus.encoding import Encoder, _is_byte_level
from chronolect.corpus.roundtrip import TRICKY

PARTS = [*TRICKY, " ", "\n", "word", " word", "é", "e\u0301", "'s", "1969", "日本", "<|endoftext|>"]
GPT4 = r"(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}| ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+"


@pytest.fixture
def small_pieces(monkeypatch):
    monkeypatch.setattr(encoding, "_PIECE", 5)
    monkeypatch.setattr(encoding, "BATCH_BYTES", 30)


@pytest.mark.parametrize("pattern", ["gpt2", "gpt4"])
@settings(deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(texts=st.lists(st.lists(st.sampled_from(PARTS) | st.text(max_size=4)).map("".join), max_size=4))
def test_pieces_have_the_tokens_of_the_whole(tokenizer, small_pieces, pattern, texts):
    encoder = Encoder(tokenizer)
    if pattern == "gpt4":
        split = pre_tokenizers.Split(Regex(GPT4), "isolated")
        steps = [split, pre_tokenizers.ByteLevel(add_prefix_space=False, use_regex=False)]
        encoder.backend.pre_tokenizer = pre_tokenizers.Sequence(steps)
        encoder.backend.normalizer = normalizers.NFC()
        assert _is_byte_level(encoder.backend)
    found = encoder.encode(texts)
    assert [ids.tolist() for ids in found] == [encoder.backend.encode(text).ids for text in texts]


def test_long_texts_are_cut(tokenizer, small_pieces):
    encoder = Encoder(tokenizer)
    pieces = list(encoder._pieces("the ship sailed north, 1850  with"))
    assert pieces == ["the ship", " sailed", " north, 1850  with"]
    assert list(encoder._pieces("0" * 100)) == ["0" * 100]
    assert list(encoder._pieces("")) == [""]


def test_types(tokenizer):
    encoder = Encoder(tokenizer)
    assert (encoder.dtype, encoder.eos_id) == (np.dtype("uint16"), 0)
    assert all(ids.dtype == encoder.dtype for ids in encoder.encode(["the ship", ""]))


def test_other_tokenizers_are_not_cut():
    backend = Tokenizer(models.BPE())
    assert not _is_byte_level(backend)
    backend.pre_tokenizer = pre_tokenizers.Metaspace()
    assert not _is_byte_level(backend)
    backend.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=True)
    assert not _is_byte_level(backend)
    backend.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False, use_regex=False)
    assert not _is_byte_level(backend)
    backend.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    assert _is_byte_level(backend)
    backend.normalizer = normalizers.Prepend("▁")
    assert not _is_byte_level(backend)
