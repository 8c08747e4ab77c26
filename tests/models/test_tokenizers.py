import subprocess
import sys

import pytest

from chronolect.artifacts import read_json
from chronolect.corpus import CorpusWriter, Document
from chronolect.errors import UserError
from chronolect.export.gguf_vocabulary import recognise_pre_tokenizer
from chronolect.models.tokenizers import SMALLEST_VOCABULARY, load_tokenizer, read_tokenizer, train_tokenizer

TEXTS = [
    "The ship sailed north with letters from home.",
    "Kings and stars; bread and snow, 1850.\n",
    "naïve “façade” ½",
]


@pytest.fixture(scope="module")
def corpus(tmp_path_factory):
    folder = tmp_path_factory.mktemp("corpus") / "corpus"
    with CorpusWriter(folder) as writer:
        for i in range(60):
            writer.write(Document(id=str(i), text=TEXTS[i % 3] * (i % 7 + 1)))
    return folder


@pytest.fixture(scope="module")
def folder(corpus):
    train_tokenizer(corpus, out=corpus.parent / "tokenizer", vocab_size=300)
    return corpus.parent / "tokenizer"


def test_form(folder):
    tokenizer = load_tokenizer(folder)
    assert tokenizer.convert_tokens_to_ids(["<|endoftext|>", "<|im_start|>", "<|im_end|>", "<|pad|>"]) == [0, 1, 2, 3]
    assert (tokenizer.bos_token_id, tokenizer.eos_token_id, tokenizer.pad_token_id) == (0, 0, 3)
    assert len(tokenizer) == 300
    assert read_json(folder / "tokenizer.json")["pre_tokenizer"] == {
        "type": "ByteLevel",
        "add_prefix_space": False,
        "trim_offsets": True,
        "use_regex": True,
    }


def test_encoding_adds_nothing_and_decoding_gives_it_back(folder):
    tokenizer = load_tokenizer(folder)
    for text in [*TEXTS, "", " a", "n't , .", "日本 🚀 \x00"]:
        ids = tokenizer.encode(text)
        assert 0 not in ids
        assert tokenizer.decode(ids) == text


def test_bare_and_wrapped_agree(folder):
    backend, eos_id = read_tokenizer(folder)
    assert eos_id == 0
    wrapped = load_tokenizer(folder)
    for text in TEXTS:
        assert backend.encode(text).ids == wrapped.encode(text)
    assert wrapped.encode("<|endoftext|>") == [0]
    assert len(backend.encode("<|endoftext|>").ids) > 1


def test_chat_template_marks_what_the_assistant_says(folder):
    tokenizer = load_tokenizer(folder)
    messages = [
        {"role": "user", "content": "Who?"},
        {"role": "assistant", "content": "The king."},
        {"role": "user", "content": "When?"},
        {"role": "assistant", "content": "In 1850."},
    ]
    text = tokenizer.apply_chat_template(messages, tokenize=False)
    assert text == (
        "<|im_start|>user\nWho?<|im_end|>\n<|im_start|>assistant\nThe king.<|im_end|>\n"
        "<|im_start|>user\nWhen?<|im_end|>\n<|im_start|>assistant\nIn 1850.<|im_end|>\n"
    )
    encoded = tokenizer.apply_chat_template(messages, return_dict=True, return_assistant_tokens_mask=True)
    said = [id for id, mask in zip(encoded["input_ids"], encoded["assistant_masks"], strict=True) if mask]
    assert tokenizer.decode(said) == "The king.<|im_end|>In 1850.<|im_end|>"
    prompt = tokenizer.apply_chat_template(messages[:1], tokenize=False, add_generation_prompt=True)
    assert text.startswith(prompt)
    system = tokenizer.apply_chat_template([{"role": "system", "content": "Be brief."}], tokenize=False)
    assert system == "<|im_start|>system\nBe brief.<|im_end|>\n"


def test_numbers_in_single_digits(corpus, tmp_path):
    train_tokenizer(corpus, out=tmp_path / "digits", vocab_size=320, digits=True)
    tokenizer = load_tokenizer(tmp_path / "digits")
    assert tokenizer.tokenize("2024-02-29") == list("2024-02-29")
    assert not [token for token in tokenizer.get_vocab() if len(token) > 1 and any(c.isdigit() for c in token)]
    assert tokenizer.decode(tokenizer.encode("in 1969, at 20:17")) == "in 1969, at 20:17"
    assert recognise_pre_tokenizer(read_json(tmp_path / "digits/tokenizer.json"), tmp_path) == "smollm"


def test_same_corpus_same_tokenizer(corpus, folder, tmp_path):
    code = "import sys; from pathlib import Path; from chronolect.models.tokenizers import train_tokenizer as t\n"
    code += "t(Path(sys.argv[1]), out=Path(sys.argv[2]), vocab_size=300)"
    subprocess.run([sys.executable, "-c", code, corpus, tmp_path / "again"], check=True, capture_output=True)
    assert (tmp_path / "again" / "tokenizer.json").read_bytes() == (folder / "tokenizer.json").read_bytes()


def test_small_corpora_make_small_vocabularies(corpus, tmp_path):
    counts = train_tokenizer(corpus, out=tmp_path / "t", vocab_size=50_000)
    assert SMALLEST_VOCABULARY < counts["vocab_size"] < 1_000
    assert counts["vocab_size"] == len(load_tokenizer(tmp_path / "t"))


def test_wrong_input(corpus, folder, tmp_path):
    with pytest.raises(UserError, match="--vocab-size 259: at least 260"):
        train_tokenizer(corpus, out=tmp_path / "t", vocab_size=259)
    with pytest.raises(UserError, match="no such corpus"):
        train_tokenizer(tmp_path / "none", out=tmp_path / "t")
    with pytest.raises(UserError, match="no such tokenizer folder"):
        load_tokenizer(tmp_path / "none")
    with pytest.raises(UserError, match="not a tokenizer folder"):
        load_tokenizer(corpus)
    (tmp_path / "tokenizer.json").write_text((folder / "tokenizer.json").read_text()[:-100])
    with pytest.raises(UserError, match="cannot be loaded"):
        load_tokenizer(tmp_path)
    (tmp_path / "tokenizer.json").write_text((folder / "tokenizer.json").read_text())
    with pytest.raises(UserError, match="no end token"):
        load_tokenizer(tmp_path)


def test_smallest_vocabulary_still_reads_everything(corpus, tmp_path):
    train_tokenizer(corpus, out=tmp_path / "t", vocab_size=SMALLEST_VOCABULARY)
    tokenizer = load_tokenizer(tmp_path / "t")
    assert tokenizer.decode(tokenizer.encode("Ωmega 🚀")) == "Ωmega 🚀"
