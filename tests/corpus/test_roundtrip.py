from pathlib import Path

import pytest
from tests.made_sentencepiece import write_sentencepiece
from tokenizers import Tokenizer, decoders, models, normalizers, pre_tokenizers

from chronolect.corpus.roundtrip import TRICKY, RoundTrip
from chronolect.errors import UserError
from chronolect.models.tokenizers import read_tokenizer


def test_byte_level_keeps_everything(tokenizer):
    check = RoundTrip(read_tokenizer(tokenizer)[0], tokenizer)
    check.tricky_strings()
    check.sample([*TRICKY, "".join(map(chr, range(0x3000))), ""])


def test_the_changed_place_is_named():
    alphabet = {token: i for i, token in enumerate(sorted(pre_tokenizers.ByteLevel.alphabet()))}
    backend = Tokenizer(models.BPE(alphabet, []))
    backend.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    backend.decoder = decoders.ByteLevel()
    RoundTrip(backend, Path("t")).tricky_strings()
    backend.normalizer = normalizers.Lowercase()
    with pytest.raises(UserError, match="t: the tokenizer turns 'Mixed CASE' into 'mixed case'; use"):
        RoundTrip(backend, Path("t")).tricky_strings()


def test_every_hundredth_text_is_checked(tokenizer):
    backend, _ = read_tokenizer(tokenizer)
    backend.normalizer = normalizers.Replace("x", "y")
    check = RoundTrip(backend, tokenizer)
    check.sample(["a"] * 60)
    check.sample(["a"] * 40 + ["b"] * 30)
    with pytest.raises(UserError, match="'x' into 'y'"):
        check.sample(["b"] * 70 + ["x"])


def test_a_space_that_is_written_as_a_mark_may_come_back_as_one(tmp_path):
    write_sentencepiece(tmp_path, TRICKY, 400)
    backend, _ = read_tokenizer(tmp_path)
    RoundTrip(backend, tmp_path).tricky_strings()
    backend.normalizer = normalizers.Lowercase()
    with pytest.raises(UserError, match="tokenizer turns"):
        RoundTrip(backend, tmp_path).tricky_strings()
