"""The vocabulary of a GGUF file: the splitting rule by its definition, special tokens, and the template."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from gguf import TokenType
from tests.export.conftest import VOCABULARY, write_tokenizer
from tests.made_sentencepiece import SPECIAL, write_sentencepiece
from tokenizers import Tokenizer
from transformers import AutoConfig, AutoTokenizer

from chronolect.artifacts import read_json, write_json
from chronolect.errors import UserError
from chronolect.export.gguf_vocabulary import SENTENCEPIECE, read_vocabulary, recognise_pre_tokenizer
from chronolect.export.gguf_weights import read_source, write_gguf
from chronolect.export.sample_texts import SENTENCES, varied_strings
from chronolect.models.chat_template import without_generation_marks
from chronolect.models.gguf_file import GgufModel
from chronolect.models.tokenizers import CHAT_TEMPLATE

FAMILIES = ("gpt-2", "qwen2", "llama-bpe", "smollm")


@pytest.mark.parametrize("family", FAMILIES)
def test_each_family_is_recognised_and_gives_the_same_ids_in_llama_cpp(
    family: str, make_model: Callable[..., Path], tmp_path: Path
) -> None:
    folder = make_model(hidden_size=32, head_dim=8, intermediate_size=32, num_hidden_layers=1)
    write_tokenizer(folder, family)
    source = read_source(folder)
    vocabulary = read_vocabulary(folder, config=source.config)
    assert vocabulary.pre == family
    write_gguf(source, vocabulary, tmp_path / "model.gguf", file_type="f16", name="x", licence="")
    model, tokenizer = GgufModel(tmp_path / "model.gguf"), AutoTokenizer.from_pretrained(folder)
    normalize = tokenizer.backend_tokenizer.normalizer
    for text in varied_strings():
        # llama.cpp does not normalise; Qwen's tokenizer does
        given = normalize.normalize_str(text) if normalize else text
        assert model.encode(given, add_special=True) == tokenizer(text)["input_ids"], repr(text)


@pytest.mark.parametrize("rewritten", [False, True])
def test_sentencepiece_gives_the_same_ids_in_llama_cpp(
    rewritten: bool, make_model: Callable[..., Path], tmp_path: Path
) -> None:
    folder = make_model(hidden_size=32, head_dim=8, intermediate_size=32, num_hidden_layers=1)
    tokenizer = write_sentencepiece(folder, [*SENTENCES * 3, *varied_strings(200, seed=1)], VOCABULARY)
    if rewritten:  # as transformers 5 saves it
        tokenizer.save_pretrained(folder)
    source = read_source(folder)
    vocabulary = read_vocabulary(folder, config=source.config)
    assert vocabulary.pre == SENTENCEPIECE
    assert [vocabulary.types[index] for index in (0, 1, 3, 258)] == [
        TokenType.UNKNOWN,
        TokenType.CONTROL,
        TokenType.BYTE,
        TokenType.BYTE,
    ]
    write_gguf(source, vocabulary, tmp_path / "model.gguf", file_type="f16", name="x", licence="")
    model, written = GgufModel(tmp_path / "model.gguf"), Tokenizer.from_file(str(folder / "tokenizer.json"))
    strings = [text for text in varied_strings() if "▁" not in text]
    differing = [text for text in strings if model.encode(text, add_special=True) != written.encode(text).ids]
    if not rewritten:
        assert not differing
    # the newer way puts no space before a text that has one already, nor behind a special token; llama.cpp does
    assert all(text.startswith(" ") or any(token in text for token in SPECIAL) for text in differing)
    assert len(differing) < len(strings) / 10


def test_special_tokens_are_control_tokens_and_rows_without_a_token_are_unused(llama: Path, turn_end: int) -> None:
    config = AutoConfig.from_pretrained(llama)
    config.vocab_size = VOCABULARY + 3
    vocabulary = read_vocabulary(llama, config=config)
    assert vocabulary.tokens[turn_end] == "<|im_end|>"
    assert vocabulary.types[turn_end] is TokenType.CONTROL
    assert vocabulary.types[turn_end + 2] is TokenType.NORMAL
    assert vocabulary.types[-3:] == [TokenType.UNUSED] * 3
    assert len(set(vocabulary.tokens)) == VOCABULARY + 3
    assert vocabulary.special_ids == {"bos": 0, "eos": 0, "pad": 3}
    assert not vocabulary.adds_bos
    assert not vocabulary.adds_eos


def test_bos_is_the_end_token_where_the_tokenizer_has_none(make_model: Callable[..., Path]) -> None:
    folder = make_model()
    config = read_json(folder / "tokenizer_config.json")
    del config["bos_token"]
    write_json(folder / "tokenizer_config.json", config)
    assert read_vocabulary(folder, config=AutoConfig.from_pretrained(folder)).special_ids["bos"] == 0


def test_a_tokenizer_larger_than_the_model_is_refused(llama: Path) -> None:
    config = AutoConfig.from_pretrained(llama)
    config.vocab_size = VOCABULARY - 1
    with pytest.raises(
        UserError, match=r"tokenizer\.json: has tokens up to id 399, but the model's embedding has 399 rows"
    ):
        read_vocabulary(llama, config=config)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"pre_tokenizer": {"type": "Whitespace"}}, "unknown pre-tokenizer"),
        (
            {"pre_tokenizer": {"type": "ByteLevel", "add_prefix_space": True, "use_regex": True}},
            "unknown pre-tokenizer",
        ),
        ({"pre_tokenizer": None}, "unknown pre-tokenizer"),
        ({"model": {"type": "Unigram"}}, "the tokenizer is Unigram, not BPE"),
        ({"model": {"type": "BPE", "byte_fallback": True}}, "spaces in a way not known"),
        ({"model": {"type": "BPE", "end_of_word_suffix": "</w>"}}, "end_of_word_suffix"),
        ({"model": {"type": "BPE", "ignore_merges": True}}, "unknown pre-tokenizer"),
        ({"normalizer": {"type": "Lowercase"}}, r"normalises text \(Lowercase\)"),
    ],
)
def test_what_llama_cpp_could_not_follow_is_refused(llama: Path, change: dict[str, Any], message: str) -> None:
    definition = json.loads((llama / "tokenizer.json").read_text()) | change
    with pytest.raises(UserError, match=f"{message}.*--llama-cpp-path"):
        recognise_pre_tokenizer(definition, llama / "tokenizer.json")


def test_the_template_without_training_marks_gives_the_same_text(llama: Path) -> None:
    plain = without_generation_marks(CHAT_TEMPLATE)
    assert "generation %" not in plain
    tokenizer = AutoTokenizer.from_pretrained(llama)
    chat = [{"role": "user", "content": "Who?"}, {"role": "assistant", "content": "Nobody."}]
    for prompt in (False, True):
        texts = {
            tokenizer.apply_chat_template(chat, chat_template=template, tokenize=False, add_generation_prompt=prompt)
            for template in (CHAT_TEMPLATE, plain)
        }
        assert len(texts) == 1
